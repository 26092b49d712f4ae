#!/usr/bin/env bash
# Measures replicas beside a minimal Node server. Arguments (`--json`, parts) go to bench/cluster.js.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$(scripts/node.sh):$PATH"
export COLLABRY_BIN="${COLLABRY_BIN:-${CARGO_TARGET_DIR:-target}/release/collabry}"
export COLLABRY_MODEL_DIR="${COLLABRY_MODEL_DIR:-$PWD/models/all-MiniLM-L6-v2}"
{
  bench/machine.sh
  echo "redis   $(redis-server --version | sed 's/.* v=\([^ ]*\) .*/\1/')"
  for package in express socket.io @socket.io/redis-adapter rate-limit-redis; do
    echo "peer    $package $(node -p "require('./bench/peer/node_modules/$package/package.json').version")"
  done
  echo
} >&2
node bench/cluster.js "$@"
