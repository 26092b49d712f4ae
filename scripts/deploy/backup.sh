# shellcheck shell=bash
# Backups, and restoring one into an empty system.

# tool RELEASE ARGUMENT…: runs that release's command line, with standard input and output.
tool() {
  local release=$1
  shift
  compose "$release" run --rm --no-deps -T ${COLLABRY_BACKUP_SECRET_KEY:+-e COLLABRY_BACKUP_SECRET_KEY} collabry "$@"
}

# The same from the images of $VERSION, without settings, stores or a network, for commands that need none of these.
bare_tool() {
  prepare_images >&2 </dev/null
  docker run --rm --interactive --network none ${COLLABRY_BACKUP_SECRET_KEY:+-e COLLABRY_BACKUP_SECRET_KEY} \
    "collabry/standalone:$VERSION" "$@"
}

# backup [--force] [FILE]: backs up the running system. Encrypted archives include .env.
backup() {
  local release file force=
  if [ "${1:-}" = --force ]; then force=yes && shift; fi
  release=$(marked current)
  [ -n "$release" ] || fail "nothing is deployed"
  [ -r "$ENV_FILE" ] || fail "there is no $ENV_FILE to include in the backup"
  if [ $# -eq 0 ] && [ -n "$(env_of "$release" COLLABRY_BACKUP_URL)" ]; then
    step "backup to $(env_of "$release" COLLABRY_BACKUP_URL)"
    tool "$release" backup --env-file - <"$ENV_FILE" || fail "no backup was made"
    return
  fi
  if [ $# -gt 0 ]; then
    file=$(from_caller "$1")
    [ ! -e "$file" ] || [ -n "$force" ] || fail "$file already exists; name another file, or put --force before it"
  else
    private_folder "$ROOT/backups"
    file=$ROOT/backups/collabry-$(date -u +%Y%m%dT%H%M%SZ).tar.gz
    [ -z "$(env_of "$release" COLLABRY_BACKUP_RECIPIENT)" ] || file=$file.age
  fi
  step "backup to $file"
  if ! (umask 077 && tool "$release" backup --env-file - - <"$ENV_FILE" >"$file.unfinished"); then
    rm -f "$file.unfinished"
    fail "no backup was made"
  fi
  mv "$file.unfinished" "$file"
}

# backups: lists those at COLLABRY_BACKUP_URL and those on this machine.
backups() {
  local release place
  release=$(marked current)
  [ -n "$release" ] || fail "nothing is deployed"
  place=$(env_of "$release" COLLABRY_BACKUP_URL)
  if [ -n "$place" ]; then
    step "$place"
    tool "$release" backups || fail "cannot list the backups at $place"
  else
    say "COLLABRY_BACKUP_URL is not set: there are no nightly backups"
  fi
  if [ -d "$ROOT/backups" ]; then
    step "$ROOT/backups"
    find "$ROOT/backups" -maxdepth 1 -name '*.tar.gz*' -printf '%f\t%s bytes\n' | sort
  fi
}

# verify [FILE]: FILE is on this machine, or the name of one at COLLABRY_BACKUP_URL; default: the newest there.
verify() {
  local release
  release=$(marked current)
  [ -n "$release" ] || fail "nothing is deployed"
  use_key
  read_backup "$release" verify "$@" || fail "the backup cannot be used"
}

# restore [FILE]: deploys, and restores the backup into the stores before anyone uses them.
restore() {
  local release='' service
  [ $# -le 1 ] || { warn "usage: ./deploy.sh restore [FILE]; without FILE, the newest backup at COLLABRY_BACKUP_URL"; exit "$USAGE"; }
  if [ $# -eq 0 ]; then
    [ -n "$(setting_of_file COLLABRY_BACKUP_URL)" ] || { warn "name a FILE: COLLABRY_BACKUP_URL is not set"; exit "$USAGE"; }
  elif [ ! -s "$(from_caller "$1")" ]; then
    [ -n "$(setting_of_file COLLABRY_BACKUP_URL)" ] || fail "there is no $(from_caller "$1")"
  fi
  preflight_machine
  for service in api worker; do
    [ -z "$(containers "$service")" ] || fail "$service is running; restore only into an empty system that nobody uses (docs/backup.md)"
  done
  use_key
  prepare_images
  new_release
  pin_images "$release"
  preflight_release "$release"
  step "verify ${1:-the newest backup at $(setting_of_file COLLABRY_BACKUP_URL)}"
  read_backup "$release" verify "$@" || fail "the backup cannot be used; nothing was restored"
  step "restore"
  read_backup "$release" restore "$@" || fail "the backup was not restored; see the error above"
  unmark back
  roll_out "$release"
}

# settings FILE [OUT]: extracts the .env from an encrypted backup. Works on a machine that has nothing else yet.
settings_of_backup() {
  local file out
  [[ $# -eq 1 || $# -eq 2 ]] || { warn "usage: ./deploy.sh settings FILE [OUT]; OUT defaults to $ENV_FILE"; exit "$USAGE"; }
  file=$(from_caller "$1")
  out=$(if [ $# -eq 2 ]; then from_caller "$2"; else echo "$ENV_FILE"; fi)
  [ -s "$file" ] || fail "there is no $file"
  [ ! -e "$out" ] || fail "$out already exists; name another file to write"
  engine
  use_key
  if ! (umask 077 && bare_tool verify "${SIGNED_BY[@]}" - --settings - <"$file" >"$out.unfinished"); then
    rm -f "$out.unfinished"
    fail "the settings cannot be read"
  fi
  mv "$out.unfinished" "$out"
  say "the settings are in $out; review them before you use them"
}

# backup-key FILE: makes new keys; needs no deployment. The settings for this machine are printed and not put into the file: whoever
# reads backups has no use for the key that signs them.
backup_key() {
  local file settings
  [ $# -eq 1 ] || { warn "usage: ./deploy.sh backup-key FILE"; exit "$USAGE"; }
  file=$(from_caller "$1")
  [ ! -e "$file" ] || fail "$file already exists, and the backups made with it cannot be read without it; name another file"
  engine
  if ! (umask 077 && bare_tool backup-key - >"$file.unfinished"); then
    rm -f "$file.unfinished"
    fail "no key was made"
  fi
  settings=$(sed -n 's/^# to be set: //p' "$file.unfinished")
  sed -i '/^# to be set: /d' "$file.unfinished"
  mv "$file.unfinished" "$file"
  say "the keys that decrypt and verify backups are in $file. Without it no backup can be read: keep two copies, away from this machine"
  say "set these in $ENV_FILE, and deploy; the second one is secret, and signs this machine's backups:"
  echo "$settings"
}

# Passes the keys in IDENTITY=FILE and the required signer (SIGNER) to the tool.
SIGNED_BY=()
use_key() {
  case ${SIGNER:-} in
    "") ;;
    any) SIGNED_BY=(--any-signer) ;;
    *) SIGNED_BY=(--signer "$SIGNER") ;;
  esac
  [ -n "${IDENTITY:-}" ] || return 0
  COLLABRY_BACKUP_SECRET_KEY=$(<"$(from_caller "$IDENTITY")")
  # Docker passes it on by name from the environment, so no process list shows it.
  export COLLABRY_BACKUP_SECRET_KEY
}

# read_backup RELEASE COMMAND [FILE]
read_backup() {
  local release=$1 command=$2
  if [ $# -gt 2 ] && [ -s "$(from_caller "$3")" ]; then
    tool "$release" "$command" "${SIGNED_BY[@]}" - <"$(from_caller "$3")"
  else
    tool "$release" "$command" "${SIGNED_BY[@]}" "${@:3}" </dev/null
  fi
}

# A path relative to the caller's folder.
from_caller() {
  case $1 in
    /*) echo "$1" ;;
    *) echo "$CALLED_FROM/$1" ;;
  esac
}
