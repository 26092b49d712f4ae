# shellcheck shell=bash
# A deploy from start to end.

deploy() {
  preflight_machine
  local interrupted release=
  interrupted=$(marked target)
  [ -z "$interrupted" ] || say "the deploy of $interrupted was interrupted; this one takes over"
  prepare_images
  new_release
  pin_images "$release"
  preflight_release "$release"
  unmark back
  roll_out "$release"
}

# roll_out RELEASE: rolls all roles and runs the smoke test; rolls back if any of it fails.
roll_out() {
  local release=$1 current
  current=$(marked current)
  step "release $release"
  mark target "$release"
  if ! roll "$release" || ! smoke; then roll_back "$release"; fi
  if [ "$release" != "$current" ]; then
    [ -z "$current" ] || mark previous "$current"
    mark current "$release"
  fi
  unmark target
  forget_releases
  step "$release serves at $(url)"
}
