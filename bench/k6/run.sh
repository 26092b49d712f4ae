#!/usr/bin/env bash
# Steady load on a running Collabry, with thresholds: `bench/k6/run.sh http://127.0.0.1:8080`. DURATION (2m), RATE (20
# requests a second), SOCKETS (20), P95_MS (200: within so many 95 % of the requests are answered). Raise COLLABRY_LIMIT_*
# there: all of it comes from one address. Exit code 99: a threshold was missed.
set -euo pipefail
cd "$(dirname "$0")/../.."
k6=$(scripts/go-tool.sh k6)
exec "$k6" run --quiet --no-usage-report --address localhost:0 --env URL="${1:?the address}" --env DURATION="${DURATION:-2m}" --env RATE="${RATE:-20}" \
  --env SOCKETS="${SOCKETS:-20}" --env P95_MS="${P95_MS:-200}" bench/k6/steady.js
