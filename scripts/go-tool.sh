#!/usr/bin/env bash
# Prints the path of a tool that is built from the Go module proxy, after building it once into .tools/bin:
# `go-tool.sh helm`, `go-tool.sh k6` (minutes, each).
set -euo pipefail
cd "$(dirname "$0")/.."

case $1 in
  helm) module=helm.sh/helm/v3/cmd/helm@v3.19.0 ;;
  k6) module=go.k6.io/k6@v1.3.0 ;;
  *) echo "go-tool.sh: unknown tool $1" >&2; exit 64 ;;
esac

command -v go >/dev/null || { echo "Go is missing; it is needed to build $1" >&2; exit 1; }
bin=$PWD/.tools/bin
mkdir -p "$bin"
exec 9>"$bin/.lock-$1"
flock 9
if [ "$(cat "$bin/$1.version" 2>/dev/null)" != "$module" ]; then
  echo "Building $module" >&2
  # Go fetches a newer toolchain if the machine's is too old; the cache is deleted because it is large.
  cache=$(mktemp -d)
  trap 'rm -rf "$cache"' EXIT
  GOBIN=$bin GOCACHE=$cache GOFLAGS=-modcacherw go install "$module" >&2
  echo "$module" >"$bin/$1.version"
fi
echo "$bin/$1"
