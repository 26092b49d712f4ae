# shellcheck shell=bash
# Copies of everything, and the way back from one into an empty system.

# tool RELEASE ARGUMENT…: the command line of that release, with standard input and output.
tool() {
  local release=$1
  shift
  compose "$release" run --rm --no-deps -T ${COLLABRY_BACKUP_SECRET_KEY:+-e COLLABRY_BACKUP_SECRET_KEY} collabry "$@"
}

# backup [FILE]: while everything runs.
backup() {
  local release file
  release=$(marked current)
  [ -n "$release" ] || fail "nothing is deployed"
  if [ $# -eq 0 ] && [ -n "$(env_of "$release" COLLABRY_BACKUP_URL)" ]; then
    step "backup to $(env_of "$release" COLLABRY_BACKUP_URL)"
    tool "$release" backup || fail "no backup was made"
    return
  fi
  if [ $# -gt 0 ]; then
    file=$(from_caller "$1")
  else
    private_folder "$ROOT/backups"
    file=$ROOT/backups/collabry-$(date -u +%Y%m%dT%H%M%SZ).tar.gz
    [ -z "$(env_of "$release" COLLABRY_BACKUP_RECIPIENT)" ] || file=$file.age
  fi
  step "backup to $file"
  if ! (umask 077 && tool "$release" backup - >"$file.unfinished"); then
    rm -f "$file.unfinished"
    fail "no backup was made"
  fi
  mv "$file.unfinished" "$file"
}

# restore FILE: a deploy, with the backup put into the stores before anyone uses them.
restore() {
  local file release='' service
  [ $# -eq 1 ] || { warn "which FILE?"; exit "$USAGE"; }
  file=$(from_caller "$1")
  [ -s "$file" ] || fail "there is no $file"
  preflight_machine
  for service in api worker; do
    [ -z "$(containers "$service")" ] || fail "$service runs; a restore is for an empty system that nobody uses (docs/backup.md)"
  done
  if [ -n "${IDENTITY:-}" ]; then COLLABRY_BACKUP_SECRET_KEY=$(<"$(from_caller "$IDENTITY")"); fi
  prepare_images
  new_release
  pin_images "$release"
  preflight_release "$release"
  step "verify $file"
  tool "$release" verify - <"$file" || fail "the backup cannot be used; nothing was restored"
  step "restore $file"
  tool "$release" restore - <"$file" || fail "the backup is not restored; what is above says why"
  unmark back
  roll_out "$release"
}

# A path as whoever called means it.
from_caller() {
  case $1 in
    /*) echo "$1" ;;
    *) echo "$CALLED_FROM/$1" ;;
  esac
}
