#!/usr/bin/env bash
# Prints the program that starts an S3-compatible server for tests, after fetching what it lacks.
set -euo pipefail
cd "$(dirname "$0")/.."

MOTO='moto[s3,server]==5.1.18'

mkdir -p .tools
exec 9>.tools/.s3-lock
flock 9
if [ "$(cat .tools/s3/version 2>/dev/null)" != "$MOTO" ]; then
  echo "Fetching the S3 server of the tests" >&2
  python3 -m venv .tools/s3
  .tools/s3/bin/pip install --quiet --disable-pip-version-check "$MOTO" >&2
  echo "$MOTO" >.tools/s3/version
fi
echo "$PWD/e2e/s3-server"
