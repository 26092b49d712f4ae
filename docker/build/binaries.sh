#!/bin/sh
# Puts each binary and the list of its crates into a folder: `binaries.sh source|prebuilt FOLDER`.
set -eu
out=$2
mkdir -p "$out"

if [ "$1" = prebuilt ]; then
  cp docker/prebuilt/bin/* "$out"
  exit 0
fi

# What stands in for our crates in the dependencies' layer is older than this.
find . -path ./target -prune -o -name '*.rs' -exec touch {} +
for binary in collabry collabry-api collabry-ai-engine collabry-worker; do
  cargo build --release --locked --bin "$binary"
  strip -o "$out/$binary" "target/release/$binary"
done
docker/build/crates.sh "$out"
