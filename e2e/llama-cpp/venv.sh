#!/bin/sh
# Makes e2e/.venv with llama.cpp's own server, an OpenAI-compatible one, unless it is there. Prints the path of its Python.
set -eu
cd "$(dirname "$0")/.."
if [ ! -f .venv/ready ]; then
    echo "llama.cpp: installing into e2e/.venv" >&2
    python3 -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check xllamacpp==2026.10.11549 gguf==0.19.0 numpy==2.4.6 >&2
    touch .venv/ready
fi
echo "$PWD/.venv/bin/python"
