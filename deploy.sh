#!/usr/bin/env bash
# Deploys Collabry on this machine and keeps it running: `./deploy.sh --help`. The code is in scripts/deploy.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034 # for backups
CALLED_FROM=$PWD
cd "$ROOT"
for part in settings lock compose images release preflight front containers roll blue-green smoke rollback deploy backup scale look help; do
  # shellcheck disable=SC1090 # named above
  . "scripts/deploy/$part.sh"
done

command=${1:-deploy}
[ $# -eq 0 ] || shift
case $command in
  rollback | scale | front | backup | backups | verify | status | logs) engine ;;
esac
case $command in
  deploy) lock && deploy ;;
  rollback) lock && go_back ;;
  scale) lock && scale "$@" ;;
  front) lock && replace_front ;;
  backup) backup "$@" ;;
  backups) backups ;;
  verify) verify "$@" ;;
  restore) lock && restore "$@" ;;
  settings) settings_of_backup "$@" ;;
  backup-key) backup_key "$@" ;;
  build) build_images ;;
  push) push_images ;;
  status) status ;;
  logs) logs "$@" ;;
  doctor) doctor ;;
  help | --help | -h) help ;;
  *)
    echo "deploy.sh: unknown command $command; see ./deploy.sh --help" >&2
    exit 64
    ;;
esac
