#!/usr/bin/env bash
# Gathers what images with BINARIES=prebuilt are made of in docker/prebuilt: binaries of target/release, the web client
# and the model, all of which `make build web model` has built before. For CI, which has compiled them already.
set -euo pipefail
cd "$(dirname "$0")/.."
release=${CARGO_TARGET_DIR:-target}/release
out=docker/prebuilt

rm -rf "$out"
mkdir -p "$out/bin" "$out/model"
for binary in collabry collabry-api collabry-ai-engine collabry-worker; do
  strip -o "$out/bin/$binary" "$release/$binary"
done
docker/build/crates.sh "$out/bin"
cp -r web/dist "$out/web"
cp models/all-MiniLM-L6-v2/{model.safetensors,tokenizer.json} "$out/model"
