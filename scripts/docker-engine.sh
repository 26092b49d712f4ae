#!/usr/bin/env bash
# Makes sure that a Docker engine answers and has a base image; installs and starts what is missing. For tests, on machines
# without access to a registry: `docker-engine.sh` does all of it, `docker-engine.sh start` only restarts a stopped engine.
# Prints the engine's process id if this script started it. Exit code 69: no engine can run here; it says why.
set -euo pipefail
cd "$(dirname "$0")/.."

BASE_IMAGE=collabry-base:bookworm
SUITE=bookworm
MIRROR=${APT_MIRROR:+$APT_MIRROR/debian}
UNAVAILABLE=69
STATE=$PWD/.tools/docker
LOG=$STATE/dockerd.log

answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

start() {
  answers && return
  [ "$(id -u)" -eq 0 ] || { echo "No Docker engine answers, and only root can start one." >&2; exit "$UNAVAILABLE"; }
  command -v dockerd >/dev/null || { echo "No Docker engine answers, and none is installed." >&2; exit "$UNAVAILABLE"; }
  mkdir -p "$STATE"
  # In its own session, so that it outlives its first user and their Ctrl-C.
  setsid dockerd >>"$LOG" 2>&1 </dev/null &
  echo $! >"$STATE/dockerd.pid"
  for _ in $(seq 100); do
    if answers; then return; fi
    sleep 0.2
  done
  echo "No Docker engine can run here; dockerd says:" >&2
  tail -n 20 "$LOG" >&2
  exit "$UNAVAILABLE"
}

base_image() {
  [ -z "$(docker images --quiet "$BASE_IMAGE")" ] || return 0
  echo "Making the base image $BASE_IMAGE (two minutes)" >&2
  local folder
  folder=$(mktemp -d)
  # shellcheck disable=SC2064 # the folder of now
  trap "rm -rf '$folder'" EXIT
  debootstrap --variant=minbase "$SUITE" "$folder" ${MIRROR:+"$MIRROR"} >"$folder.log" 2>&1 || { tail "$folder.log" >&2; exit 1; }
  rm -rf "$folder.log" "$folder"/var/cache/apt/archives/*.deb "$folder"/var/lib/apt/lists/*
  tar -C "$folder" -c . | docker import --change 'CMD ["bash"]' - "$BASE_IMAGE" >/dev/null
}

if [ "${1:-}" != start ]; then scripts/install-deps.sh docker; fi
start
if [ "${1:-}" != start ]; then base_image; fi
pid=$(cat "$STATE/dockerd.pid" 2>/dev/null || true)
if [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ]; then echo "$pid"; fi
