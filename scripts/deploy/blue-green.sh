# shellcheck shell=bash
# MODE=blue-green: starts all new apis beside the old ones, then switches once, and back in the same way. It needs room for
# twice as many apis; engines and the worker are rolled as usual.

switch_apis() {
  local release=$1 old
  old=$(not_of_release "$release")
  # Nothing to switch from.
  [ -n "$old" ] || { roll_apis "$release"; return; }
  step "api: blue-green"
  forget_the_dead "$release"
  old=$(not_of_release "$release")
  # Until the switch, nginx adds no replica on its own.
  front hold || return 1
  if ! switch_to_new "$release"; then
    step "api: switch back"
    # shellcheck disable=SC2046 # a list
    front switch $(addresses "$old") || true
    for id in $(of_release "$release"); do remove "$id"; done
    front release
    return 1
  fi
  for id in $old; do
    say "stopping $(name_of "$id")"
    remove "$id"
  done
  front release || return 1
  resize_apis "$release"
}

switch_to_new() {
  # shellcheck disable=SC2034 # `start_api` sets it
  local release=$1 added new address
  while [ "$(of_release "$release" | wc -l)" -lt "$(replicas)" ]; do
    start_api "$release" || return 1
  done
  new=$(of_release "$release")
  for id in $new; do
    # The hold expires unless it is renewed.
    front hold || return 1
    wait_healthy "$id" || return 1
  done
  step "api: switch to $(wc -l <<<"$new") new replicas"
  # shellcheck disable=SC2046 # a list
  front switch $(addresses "$new") || return 1
  for address in $(addresses "$new"); do verify_through_front "$address" || return 1; done
  smoke
}

# addresses "ID…": the addresses by which nginx knows them.
addresses() { for id in $1; do echo "$(address_of "$id"):5000"; done; }
