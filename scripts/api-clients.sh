#!/usr/bin/env bash
# Prints the folder with a Python that has what programs of the API use, and a generator of clients, after fetching what it lacks.
set -euo pipefail
exec "$(dirname "$0")/python-tool.sh" api-clients "requests==2.34.2 openapi-python-client==0.29.1" "what programs of the API use"
