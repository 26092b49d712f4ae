#!/usr/bin/env bash
# Prints the folder with the schemas of Prometheus' operator (ServiceMonitor …), fetched once from the Go module proxy.
set -euo pipefail
cd "$(dirname "$0")/.."

MODULE=github.com/prometheus-operator/prometheus-operator@v0.85.0

command -v go >/dev/null || { echo "Go is missing; it is needed to fetch $MODULE" >&2; exit 1; }
folder=$(go mod download -json "$MODULE" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
[ -n "$folder" ] || { echo "$MODULE cannot be fetched" >&2; exit 1; }
echo "$folder/example/prometheus-operator-crd"
