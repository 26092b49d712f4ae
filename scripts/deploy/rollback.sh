# shellcheck shell=bash
# Going back to the release before: its images by id, its settings, its compose files.

# After a release failed: everything that serves is of the release that was good before.
roll_back() {
  local failed=$1 good
  good=$(marked current)
  unmark back
  if [ -z "$good" ]; then
    warn "$failed failed, and there is no release before it to go back to; see ./deploy.sh status and docker logs"
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
  warn "$failed failed, and going back to $good failed too: see above, ./deploy.sh status and ./deploy.sh logs"
  exit "$BROKEN"
}

images_line() { images_of "$1" | awk '{ printf "%s%s@%s", (NR > 1 ? ", " : ""), $1, substr($2, 1, 19) }'; }

# `./deploy.sh rollback`: by hand, to the release before the current one.
go_back() {
  local current previous
  current=$(marked current)
  previous=$(marked previous)
  # A way back that was killed goes on; a deploy that was killed is undone; one that was finished is taken back.
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
