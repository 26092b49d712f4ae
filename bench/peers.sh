#!/bin/sh
# Makes bench/.venv with the Python peers, unless it is there. Prints the path of its Python.
set -eu
cd "$(dirname "$0")"
if [ ! -f .venv/ready ]; then
    echo "peers: installing sentence-transformers and faiss-cpu into bench/.venv (5.9 GB; two to three minutes of a fast network)" >&2
    python3 -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        sentence-transformers==6.2.0 faiss-cpu==1.15.1 >&2
    touch .venv/ready
fi
echo "$PWD/.venv/bin/python"
