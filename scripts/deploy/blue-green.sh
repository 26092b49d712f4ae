# shellcheck shell=bash
# MODE=blue-green: all new apis beside all old ones, then one switch, and back by the same switch. It needs room for twice
# as many; engines and the worker are rolled as always.

switch_apis() {
  local release=$1 old new=() id
  step "api: blue-green"
  forget_the_dead "$release"
  old=$(not_of_release "$release")
  # nginx takes nobody up by itself meanwhile.
  front hold || return 1
  while [ "$(of_release "$release" | wc -l)" -lt "$(replicas)" ]; do
    start_api "$release" || { front release; return 1; }
  done
  for id in $(of_release "$release"); do
    wait_healthy "$id" || { front release; return 1; }
    new+=("$(address_of "$id"):5000")
  done
  step "api: switch to ${#new[@]} new replicas"
  front switch "${new[@]}" || return 1
  for id in "${new[@]}"; do verify_through_front "$release" "$id" || return 1; done
  if [ -n "$old" ] && ! smoke "$release"; then
    step "api: switch back"
    local before=()
    for id in $old; do before+=("$(address_of "$id"):5000"); done
    front switch "${before[@]}"
    return 1
  fi
  for id in $old; do
    say "ends $(name_of "$id")"
    remove "$id"
  done
  front release
  resize_apis "$release"
}
