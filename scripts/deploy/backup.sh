# shellcheck shell=bash
# Copies of everything, and the way back from one into an empty system.

# tool RELEASE ARGUMENT…: the command line of that release, with standard input and output.
tool() {
  local release=$1
  shift
  compose "$release" run --rm --no-deps -T ${COLLABRY_BACKUP_SECRET_KEY:+-e COLLABRY_BACKUP_SECRET_KEY} collabry "$@"
}

# The same of the images of $VERSION, without settings, stores or a network: for what needs none.
bare_tool() {
  prepare_images >&2 </dev/null
  docker run --rm --interactive --network none ${COLLABRY_BACKUP_SECRET_KEY:+-e COLLABRY_BACKUP_SECRET_KEY} \
    "collabry/standalone:$VERSION" "$@"
}

# backup [--force] [FILE]: while everything runs. The .env goes along, in archives that are encrypted.
backup() {
  local release file force=
  if [ "${1:-}" = --force ]; then force=yes && shift; fi
  release=$(marked current)
  [ -n "$release" ] || fail "nothing is deployed"
  [ -r "$ENV_FILE" ] || fail "there is no $ENV_FILE, which belongs into the backup"
  if [ $# -eq 0 ] && [ -n "$(env_of "$release" COLLABRY_BACKUP_URL)" ]; then
    step "backup to $(env_of "$release" COLLABRY_BACKUP_URL)"
    tool "$release" backup --env-file - <"$ENV_FILE" || fail "no backup was made"
    return
  fi
  if [ $# -gt 0 ]; then
    file=$(from_caller "$1")
    [ ! -e "$file" ] || [ -n "$force" ] || fail "$file is there already; name another file, or say --force before it"
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

# backups: those at COLLABRY_BACKUP_URL, and those on this machine.
backups() {
  local release place
  release=$(marked current)
  [ -n "$release" ] || fail "nothing is deployed"
  place=$(env_of "$release" COLLABRY_BACKUP_URL)
  if [ -n "$place" ]; then
    step "$place"
    tool "$release" backups || fail "what is there cannot be listed"
  else
    say "COLLABRY_BACKUP_URL is not set: nothing makes backups each night"
  fi
  if [ -d "$ROOT/backups" ]; then
    step "$ROOT/backups"
    find "$ROOT/backups" -maxdepth 1 -name '*.tar.gz*' -printf '%f\t%s bytes\n' | sort
  fi
}

# verify [FILE]: a file of this machine, the name of one at COLLABRY_BACKUP_URL, or the newest there.
verify() {
  local release
  release=$(marked current)
  [ -n "$release" ] || fail "nothing is deployed"
  use_key
  read_backup "$release" verify "$@" || fail "the backup cannot be used"
}

# restore [FILE]: a deploy, with the backup put into the stores before anyone uses them.
restore() {
  local release='' service
  [ $# -le 1 ] || { warn "one FILE, or none for the newest at COLLABRY_BACKUP_URL"; exit "$USAGE"; }
  if [ $# -eq 0 ]; then
    [ -n "$(setting_of_file COLLABRY_BACKUP_URL)" ] || { warn "which FILE? COLLABRY_BACKUP_URL is not set"; exit "$USAGE"; }
  elif [ ! -s "$(from_caller "$1")" ]; then
    [ -n "$(setting_of_file COLLABRY_BACKUP_URL)" ] || fail "there is no $(from_caller "$1")"
  fi
  preflight_machine
  for service in api worker; do
    [ -z "$(containers "$service")" ] || fail "$service runs; a restore is for an empty system that nobody uses (docs/backup.md)"
  done
  use_key
  prepare_images
  new_release
  pin_images "$release"
  preflight_release "$release"
  step "verify ${1:-the newest backup at $(setting_of_file COLLABRY_BACKUP_URL)}"
  read_backup "$release" verify "$@" || fail "the backup cannot be used; nothing was restored"
  step "restore"
  read_backup "$release" restore "$@" || fail "the backup is not restored; what is above says why"
  unmark back
  roll_out "$release"
}

# settings FILE [OUT]: the .env that was put into an encrypted backup. On a machine that has nothing else yet.
settings_of_backup() {
  local file out
  [[ $# -eq 1 || $# -eq 2 ]] || { warn "usage: ./deploy.sh settings FILE [OUT]; OUT is $ENV_FILE unless it is named"; exit "$USAGE"; }
  file=$(from_caller "$1")
  out=$(if [ $# -eq 2 ]; then from_caller "$2"; else echo "$ENV_FILE"; fi)
  [ -s "$file" ] || fail "there is no $file"
  [ ! -e "$out" ] || fail "$out is there already; name another file to write"
  engine
  use_key
  if ! (umask 077 && bare_tool verify "${SIGNED_BY[@]}" - --settings - <"$file" >"$out.unfinished"); then
    rm -f "$out.unfinished"
    fail "the settings cannot be read"
  fi
  mv "$out.unfinished" "$out"
  say "the settings are in $out; look through them before you use them"
}

# backup-key FILE: new keys, without anything deployed. What is to be set here is said, and in no file: who reads backups has no
# use for the key that signs them.
backup_key() {
  local file settings
  [ $# -eq 1 ] || { warn "usage: ./deploy.sh backup-key FILE"; exit "$USAGE"; }
  file=$(from_caller "$1")
  [ ! -e "$file" ] || fail "$file is there already, and without it no backup made with it can be read; name another file"
  engine
  if ! (umask 077 && bare_tool backup-key - >"$file.unfinished"); then
    rm -f "$file.unfinished"
    fail "no key was made"
  fi
  settings=$(sed -n 's/^# to be set: //p' "$file.unfinished")
  sed -i '/^# to be set: /d' "$file.unfinished"
  mv "$file.unfinished" "$file"
  say "what opens backups and checks who made them is in $file. Without it none can be read: keep it away from this machine, twice"
  say "set in $ENV_FILE, and deploy; the second one is secret, and signs the backups of this machine:"
  echo "$settings"
}

# The keys of IDENTITY=FILE, and who must have signed a backup by SIGNER, for the tool.
SIGNED_BY=()
use_key() {
  case ${SIGNER:-} in
    "") ;;
    any) SIGNED_BY=(--any-signer) ;;
    *) SIGNED_BY=(--signer "$SIGNER") ;;
  esac
  [ -n "${IDENTITY:-}" ] || return 0
  COLLABRY_BACKUP_SECRET_KEY=$(<"$(from_caller "$IDENTITY")")
  # Docker hands on by name what is in the environment, so that no list of processes shows it.
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

# A path as whoever called means it.
from_caller() {
  case $1 in
    /*) echo "$1" ;;
    *) echo "$CALLED_FROM/$1" ;;
  esac
}
