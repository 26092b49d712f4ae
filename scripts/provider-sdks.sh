#!/usr/bin/env bash
# Prints the folder with a Python that has the official clients of model servers, after fetching what it lacks.
set -euo pipefail
exec "$(dirname "$0")/python-tool.sh" provider-sdks "openai==3.57.0 anthropic==2.14.0 ollama==0.6.3" "the official clients of model servers"
