#!/usr/bin/env bash
# Runs every benchmark, after saying on what. Arguments (`--json`, `--scale 0.1`, parts) go to the one of the server.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$(scripts/node.sh):$PATH"
target=${CARGO_TARGET_DIR:-target}
export COLLABRY_BIN="${COLLABRY_BIN:-$target/release/collabry}"
export COLLABRY_MODEL_DIR="${COLLABRY_MODEL_DIR:-$PWD/models/all-MiniLM-L6-v2}"

{
  bench/machine.sh
  echo
} >&2

# `eval` measures quality, not speed: `make eval`.
for program in bench/src/bin/*.rs; do
  name=$(basename "$program" .rs)
  [ "$name" = eval ] && continue
  echo "== $name" >&2
  cargo run --release --locked --quiet --bin "$name"
done

echo "== server" >&2
node bench/server.js "$@"

echo "== telemetry" >&2
node bench/telemetry.js
