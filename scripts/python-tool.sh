#!/usr/bin/env bash
# Prints the folder with the programs of Python packages, after fetching what is lacking: NAME "PACKAGE==VERSION …" WHAT.
set -euo pipefail
cd "$(dirname "$0")/.."
name=$1 packages=$2 what=$3

mkdir -p .tools
exec 9>".tools/.$name-lock"
flock 9
if [ "$(cat ".tools/$name/version" 2>/dev/null)" != "$packages" ]; then
  echo "Fetching $what" >&2
  python3 -m venv ".tools/$name"
  read -ra each <<<"$packages"
  ".tools/$name/bin/pip" install --quiet --disable-pip-version-check "${each[@]}" >&2
  echo "$packages" >".tools/$name/version"
fi
echo "$PWD/.tools/$name/bin"
