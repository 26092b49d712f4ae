# shellcheck shell=bash
# Prevents two deploys at the same time. The kernel releases the lock when a deploy exits, however it exits.

# Child processes of a killed deploy hold the lock while they run: a container being stopped, an image being built.
ORPHAN_SECS=180

lock() {
  private_folder "$STATE"
  exec 9>>"$STATE/lock"
  if ! flock -n 9; then
    local holder
    holder=$(cat "$STATE/holder" 2>/dev/null || true)
    if [ -n "$holder" ] && kill -0 "$holder" 2>/dev/null; then
      fail "another deploy is running (process $holder)"
    fi
    say "a deploy was killed; waiting for its child processes"
    flock -w $ORPHAN_SECS 9 || fail "child processes of a killed deploy are still running after $ORPHAN_SECS s"
  fi
  echo $$ >"$STATE/holder"
}
