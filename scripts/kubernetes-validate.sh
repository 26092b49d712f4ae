#!/usr/bin/env bash
# Prints the folder with a Python that can check Kubernetes resources against their schemas, after fetching what it lacks.
set -euo pipefail
cd "$(dirname "$0")/.."

PACKAGE=kubernetes-validate==1.37.0

mkdir -p .tools
exec 9>.tools/.kubernetes-lock
flock 9
if [ "$(cat .tools/kubernetes/version 2>/dev/null)" != "$PACKAGE" ]; then
  echo "Fetching the schemas of Kubernetes" >&2
  python3 -m venv .tools/kubernetes
  .tools/kubernetes/bin/pip install --quiet --disable-pip-version-check "$PACKAGE" >&2
  echo "$PACKAGE" >.tools/kubernetes/version
fi
echo "$PWD/.tools/kubernetes/bin"
