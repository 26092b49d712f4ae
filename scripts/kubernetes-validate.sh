#!/usr/bin/env bash
# Prints the folder with a Python that can check Kubernetes resources against their schemas, after fetching what it lacks.
set -euo pipefail
exec "$(dirname "$0")/python-tool.sh" kubernetes kubernetes-validate==1.37.0 "the schemas of Kubernetes"
