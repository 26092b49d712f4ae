# shellcheck shell=bash
# Brings every role to a release, one container at a time. It skips what is already done, so it can be run again after being
# killed at any point.

roll() {
  local release=$1 service
  pin_images "$release" || return 1
  ensure_stores "$release" || return 1
  for service in $(engines_of "$release"); do
    step "roll $service"
    replace "$release" "$service" || return 1
  done
  ensure_front "$release" || return 1
  if [ "$MODE" = blue-green ]; then switch_apis "$release" || return 1; else roll_apis "$release" || return 1; fi
  roll_front "$release" || return 1
  step "roll worker"
  replace "$release" worker || return 1
  roll_others "$release"
}

# Services that other Compose files add, such as Prometheus. Users do not need them: a failure to start is only reported.
roll_others() {
  local release=$1 others id
  mapfile -t others < <(others_of "$release")
  if [ ${#others[@]} -gt 0 ]; then
    step "others: ${others[*]}"
    compose_quietly "$release" up -d --no-deps "${others[@]}" || warn "not all of these are running: ${others[*]}"
  fi
  for id in $(docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$PROJECT" --filter label=com.docker.compose.oneoff=False); do
    services_of "$release" | grep -xF "$(inspect "$id" '{{index .Config.Labels "com.docker.compose.service"}}')" >/dev/null && continue
    say "stopping $(name_of "$id"), which is no longer in any Compose file"
    remove "$id"
  done
}

# replace RELEASE SERVICE: in place, for roles whose work other processes take over in the meantime.
replace() {
  local release=$1 service=$2 id good=
  for id in $(containers "$service" -a); do
    if [ -z "$good" ] && [ "$(release_of "$id")" = "$release" ] && [ "$(inspect "$id" '{{.State.Running}}')" = true ]; then
      good=$id
    else
      say "stopping $(name_of "$id")"
      remove "$id"
    fi
  done
  if [ -z "$good" ]; then
    compose_quietly "$release" up -d --no-deps --no-recreate "$service" || return 1
    good=$(containers "$service" | tail -n 1)
    [ -n "$good" ] || { warn "$service did not start"; return 1; }
  fi
  wait_healthy "$good" || return 1
  say "$(name_of "$good") is ready"
}

replicas() { marked replicas | grep . || setting COLLABRY_API_REPLICAS 3; }

# Starts a new replica before stopping each old one, so there are never fewer than before.
roll_apis() {
  local release=$1 old
  step "roll api"
  # Clears what a killed deploy may have held back or left out.
  front release || return 1
  forget_the_dead "$release"
  for id in $(of_release "$release"); do accept "$release" "$id" || return 1; done
  for old in $(not_of_release "$release"); do
    if [ "$(of_release "$release" | wc -l)" -lt "$(replicas)" ]; then add_api "$release" || return 1; fi
    retire "$old" || return 1
  done
  resize_apis "$release"
}

# As many as there should be.
resize_apis() {
  local release=$1 want
  want=$(replicas)
  while [ "$(of_release "$release" | wc -l)" -lt "$want" ]; do add_api "$release" || return 1; done
  while [ "$(of_release "$release" | wc -l)" -gt "$want" ]; do
    retire "$(of_release "$release" | tail -n 1)" || return 1
  done
}

of_release() { for id in $(containers api); do [ "$(release_of "$id")" != "$1" ] || echo "$id"; done; }
not_of_release() { for id in $(containers api); do [ "$(release_of "$id")" = "$1" ] || echo "$id"; done; }

# Removes replicas that do not serve: exited ones, and those of a release that never became ready.
forget_the_dead() {
  local id
  for id in $(containers api -a); do
    if [ "$(inspect "$id" '{{.State.Status}}')" = running ] &&
      { [ "$(release_of "$id")" = "$1" ] || [ "$(release_of "$id")" = "$(marked current)" ] || healthy "$id"; }; then continue; fi
    say "removing $(name_of "$id"), which does not serve"
    remove "$id"
  done
}

# Starts one more, and sets `added`.
start_api() {
  local release=$1 before
  before=$(containers api -a)
  compose_quietly "$release" up -d --no-deps --no-recreate --scale "api=$(($(echo "$before" | grep -c .) + 1))" api || return 1
  added=$(comm -13 <(echo "$before" | sort) <(containers api -a | sort) | tail -n 1)
  [ -n "$added" ] || { warn "no further api started"; return 1; }
}

add_api() {
  local added
  start_api "$1" || return 1
  accept "$1" "$added"
}

# Accepts a replica once it is healthy, nginx sends requests to it, and it answers them.
accept() {
  local release=$1 id=$2 address
  wait_healthy "$id" || return 1
  address=$(address_of "$id"):5000
  front has "$address" || return 1
  verify_through_front "$address" || return 1
  say "$(name_of "$id") serves at $address"
}

# Takes a replica out of nginx first; then it drains and exits.
retire() {
  local id=$1
  if [ "$(front list | grep -cvxF "$(address_of "$id"):5000")" -gt 0 ]; then
    front without "$(address_of "$id"):5000" || return 1
  fi
  say "stopping $(name_of "$id")"
  remove "$id"
}
