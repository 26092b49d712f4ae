# shellcheck shell=bash
# Two deploys at the same time are kept apart. The kernel lets go of the lock when a deploy ends, however it ends.

# What a killed deploy had started holds the lock as long as it runs: a container that stops, an image that is built.
ORPHAN_SECS=180

lock() {
  private_folder "$STATE"
  exec 9>>"$STATE/lock"
  if ! flock -n 9; then
    local holder
    holder=$(cat "$STATE/holder" 2>/dev/null || true)
    if [ -n "$holder" ] && kill -0 "$holder" 2>/dev/null; then
      fail "another deploy runs (process $holder)"
    fi
    say "a deploy was killed; waiting for what it had started"
    flock -w $ORPHAN_SECS 9 || fail "what a killed deploy had started still runs after $ORPHAN_SECS s"
  fi
  echo $$ >"$STATE/holder"
}
