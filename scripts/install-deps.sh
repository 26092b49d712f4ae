#!/usr/bin/env bash
# Installs the system packages that are missing: `install-deps.sh run` to build and run, `test` for the tests as well,
# `docker` for a Docker engine and a base image.
set -euo pipefail

RUN=(cmake g++ lld libopenblas-dev pkg-config poppler-data poppler-utils python3 python3-venv python3-pip)
# prometheus, prometheus-alertmanager: alerts are fired and delivered. mtail: counts what nginx answers. libfaketime: gives
# one process a clock that is wrong.
TEST=(chromium fonts-dejavu-core gettext-base libfaketime mtail nginx openssl prometheus prometheus-alertmanager redis-server)
# The tests' MongoDB server is a Java program, unless there is a mongod.
command -v mongod >/dev/null || TEST+=(default-jdk-headless maven)

DOCKER=(debootstrap docker.io docker-compose iptables shellcheck)

packages=("${RUN[@]}")
[ "${1:-run}" = test ] && packages+=("${TEST[@]}")
[ "${1:-run}" = docker ] && packages=("${DOCKER[@]}")

if ! command -v dpkg-query >/dev/null; then
  echo "This is no Debian or Ubuntu. Install the counterparts of: ${packages[*]}" >&2
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep 'ok installed' >/dev/null || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Missing packages. As root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
# How long another apt may take, as the one that runs by itself after a machine has started.
PATIENCE=${APT_PATIENCE_SECS:-300}

# apt ARGUMENT…: waits for whoever has its locks. It does so by itself for one of them only.
apt() {
  local until=$((SECONDS + PATIENCE)) output told=
  until output=$("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -qq -o "DPkg::Lock::Timeout=$PATIENCE" "$@" 2>&1); do
    if ! grep -qE 'Could not get lock|Unable to (lock|acquire)' <<<"$output" || [ "$SECONDS" -ge "$until" ]; then
      echo "$output" >&2
      return 1
    fi
    [ -n "$told" ] || echo "Another apt runs; waiting for it, at most $PATIENCE s" >&2
    told=yes
    sleep 1
  done
}

echo "Installing: ${missing[*]}"
apt update
apt install -y --no-install-recommends "${missing[@]}"
