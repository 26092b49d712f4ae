#!/bin/sh
# Puts the two files of the embedding model that are read into a folder: `model.sh source|prebuilt FOLDER`.
set -eu
mkdir -p "$2"
model=/prebuilt/model
if [ "$1" = source ]; then
  model=/tmp/model
  [ -z "${PIP_INDEX_URL:-}" ] || export PIP_INDEX_URL
  scripts/fetch-model.sh "$model"
fi
cp "$model/model.safetensors" "$model/tokenizer.json" "$2"
chmod 644 "$2"/*
