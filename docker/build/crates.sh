#!/bin/sh
# Writes which crates are in each binary, one a line with version and licence: `crates.sh FOLDER`.
set -eu
for binary in collabry collabry-api collabry-ai-engine collabry-worker; do
  cargo tree --locked --package "$binary" --edges normal --prefix none --format '{p}|{l}' |
    sed 's/ (.*)|/|/; s/ v/|/' | sort -u >"$1/$binary.crates"
done
