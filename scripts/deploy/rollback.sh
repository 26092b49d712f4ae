# shellcheck shell=bash
# Going back to the previous release: its images by id, its settings, its Compose files.

# After a failed release: brings everything back to the last good one.
roll_back() {
  local failed=$1 good
  good=$(marked current)
  unmark back
  if [ -z "$good" ]; then
    warn "$failed failed, and there is no previous release to go back to; see ./deploy.sh status and docker logs"
    exit "$BROKEN"
  fi
  step "roll back to $good"
  mark target "$good"
  front release || true
  if MODE=rolling roll "$good" && smoke; then
    unmark target
    warn "$failed failed and was rolled back; $good serves: $(images_line "$good")"
    exit "$ROLLED_BACK"
  fi
  warn "$failed failed, and rolling back to $good failed too: see above, ./deploy.sh status and ./deploy.sh logs"
  exit "$BROKEN"
}

images_line() { images_of "$1" | awk '{ printf "%s%s@%s", (NR > 1 ? ", " : ""), $1, substr($2, 1, 19) }'; }

# `./deploy.sh rollback`: goes back to the release before the current one.
go_back() {
  local current previous
  current=$(marked current)
  previous=$(marked previous)
  # Continues a killed rollback, undoes a killed deploy, or reverts a finished one.
  if [ -n "$(marked back)" ]; then
    previous=$(marked back)
  elif [ -n "$(marked target)" ]; then
    previous=$current
  fi
  [ -n "$previous" ] || fail "there is no release to go back to"
  mark back "$previous"
  roll_out "$previous"
  unmark back
}
