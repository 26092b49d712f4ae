#!/usr/bin/env bash
# Installs missing system packages: `install-deps.sh run` to build and run, `test` also for the tests,
# `docker` for a Docker engine and a base image.
set -euo pipefail

RUN=(cmake g++ lld libopenblas-dev pkg-config poppler-data poppler-utils python3 python3-venv python3-pip)
# prometheus, prometheus-alertmanager: fire and deliver alerts. mtail: counts nginx's responses. libfaketime: gives
# one process a wrong clock.
TEST=(chromium fonts-dejavu-core gettext-base libfaketime mtail nginx openssl prometheus prometheus-alertmanager redis-server)
# The tests' MongoDB server is a Java program, unless there is a mongod.
command -v mongod >/dev/null || TEST+=(default-jdk-headless maven)

DOCKER=(debootstrap docker.io docker-compose iptables shellcheck)

packages=("${RUN[@]}")
[ "${1:-run}" = test ] && packages+=("${TEST[@]}")
[ "${1:-run}" = docker ] && packages=("${DOCKER[@]}")

if ! command -v dpkg-query >/dev/null; then
  echo "This is not Debian or Ubuntu. Install the equivalents of: ${packages[*]}" >&2
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
# How long to wait for another apt, such as the automatic one after a boot.
LOCK_TIMEOUT=${APT_TIMEOUT_SECS:-300}

# apt ARGUMENT…: waits for apt's locks. apt itself waits for only one of them.
apt() {
  local until=$((SECONDS + LOCK_TIMEOUT)) output announced=
  until output=$("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -qq -o "DPkg::Lock::Timeout=$LOCK_TIMEOUT" "$@" 2>&1); do
    if ! grep -qE 'Could not get lock|Unable to (lock|acquire)' <<<"$output" || [ "$SECONDS" -ge "$until" ]; then
      echo "$output" >&2
      return 1
    fi
    [ -n "$announced" ] || echo "Another apt is running; waiting up to $LOCK_TIMEOUT s for it" >&2
    announced=yes
    sleep 1
  done
}

echo "Installing: ${missing[*]}"
apt update
apt install -y --no-install-recommends "${missing[@]}"
