#!/bin/sh
# Compiles the dependencies of every binary with empty crates in place of ours, for a layer that stays when only our code
# changes: `dependencies.sh BINARIES`. CARGO_MIRROR, a sparse index, replaces crates.io from here on.
set -eu
[ "$1" = source ] || exit 0

if [ -n "${CARGO_MIRROR:-}" ]; then
  cat >>"${CARGO_HOME:-$HOME/.cargo}/config.toml" <<MIRROR
[source.crates-io]
replace-with = "mirror"
[source.mirror]
registry = "$CARGO_MIRROR"
MIRROR
fi

for manifest in */Cargo.toml e2e/*/Cargo.toml; do
  crate=$(dirname "$manifest")
  mkdir -p "$crate/src"
  echo 'fn main() {}' >"$crate/src/main.rs"
  : >"$crate/src/lib.rs"
done
cargo build --release --locked --bins
# Older than any real source: cargo goes by time.
find . -path ./target -prune -o -name '*.rs' -exec touch -d @0 {} +
