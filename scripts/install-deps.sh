#!/usr/bin/env bash
# Installs the system packages that are missing: `install-deps.sh run` to build and run, `test` for the tests as well,
# `docker` for a Docker engine and a base image.
set -euo pipefail

RUN=(cmake g++ lld libopenblas-dev pkg-config poppler-utils python3 python3-venv python3-pip)
# prometheus: alerts and dashboards are checked with its own tools.
TEST=(chromium fonts-dejavu-core gettext-base nginx openssl prometheus redis-server)
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
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
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
echo "Installing: ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
