# shellcheck shell=bash
# `collabry backup` and `collabry restore`, in a container beside the others. Files are in COLLABRY_BACKUP_DIR.

backup() {
  local release
  release=$(marked current)
  [ -n "$release" ] || fail "nothing is deployed"
  step "back up"
  compose "$release" run --rm --no-deps -T collabry backup "$@"
}

# Nobody may write meanwhile: everything but the stores ends, and comes back.
restore() {
  local release service id code=0
  release=$(marked current)
  [ -n "$release" ] || fail "nothing is deployed"
  [ -n "${1:-}" ] || { warn "usage: ./deploy.sh restore FILE"; exit "$USAGE"; }
  step "end what writes"
  mark target "$release"
  for service in api worker "${ENGINES[@]}"; do
    for id in $(containers "$service" -a); do remove "$id"; done
  done
  step "restore $1"
  compose "$release" run --rm --no-deps -T collabry restore "$@" || code=$?
  roll_out "$release"
  [ "$code" -eq 0 ] || fail "the restore failed (exit code $code); see above"
}
