# shellcheck shell=bash disable=SC2034
# Settings, exit codes and output.

# Exit codes.
FAILED=1      # no container was touched
ROLLED_BACK=2 # the release failed, and the previous one serves again
BROKEN=3      # the release failed, and so did the rollback, or there is no previous release
USAGE=64

ENV_FILE=${ENV_FILE:-$ROOT/.env}

# A setting from this shell, else from .env, else the default.
setting() {
  local name=$1 line
  if [ -n "${!name:-}" ]; then
    echo "${!name}"
    return
  fi
  line=$(grep -s "^$name=" "$ENV_FILE" | tail -n 1 || true)
  if [ -n "${line#*=}" ]; then echo "${line#*=}"; else echo "${2:-}"; fi
}

PROJECT=$(setting COLLABRY_PROJECT collabry)
STATE=$(setting COLLABRY_STATE_DIR "$ROOT/.deploy")
MODE=$(setting MODE rolling)
READY_SECS=$(setting COLLABRY_READY_SECS 120)
MIN_DISK_GB=$(setting COLLABRY_MIN_DISK_GB 5)
KEPT_RELEASES=$(setting COLLABRY_KEPT_RELEASES 5)
SLOTS=$(setting COLLABRY_FRONT_SLOTS 12)
ROLES=(api worker ai-engine standalone nginx)

# For folders that hold secrets.
private_folder() { (umask 077 && mkdir -p "$1"); }

# Steps go to stdout, one per line; errors go to stderr.
step() { echo "== $*"; }
say() { echo "   $*"; }
warn() { echo "deploy.sh: $*" >&2; }
fail() {
  warn "$*"
  exit "$FAILED"
}
