#!/usr/bin/env bash
# Prints the path of a registry of images for tests, after fetching it once: Debian's, without installing it, because its
# package starts one on a port that is ours.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$PWD/.tools/registry
if [ ! -x "$folder/usr/bin/docker-registry" ]; then
  echo "Fetching a registry of images" >&2
  rm -rf "$folder"
  mkdir -p "$folder"
  (cd "$folder" && apt-get download -qq -o APT::Sandbox::User=root docker-registry >&2)
  dpkg-deb --extract "$folder"/*.deb "$folder"
  rm "$folder"/*.deb
fi
echo "$folder/usr/bin/docker-registry"
