#!/usr/bin/env bash
# Prints the program that starts an S3-compatible server for tests, after fetching what it lacks.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/python-tool.sh s3 'moto[s3,server]==5.1.18' "the S3 server of the tests" >/dev/null
echo "$PWD/e2e/s3-server"
