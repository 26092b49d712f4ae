#!/bin/sh
# Has cargo compile for the level of this machine's processor, or for another: `target-cpu.sh [x86-64-v3]`. The choice
# is .cargo/machine.toml, so that cargo started by hand makes it too and compiles nothing twice.
set -eu
cd "$(dirname "$0")/../.cargo"
[ "$(uname -m)" = x86_64 ] || exit 0

# glibc's loader knows, from 2.33 on; without it the level stays what config.toml says.
loader=/lib64/ld-linux-x86-64.so.2
level=${1:-$([ ! -x $loader ] || $loader --help 2>/dev/null | awk '/x86-64-v[234] \(supported/ { print $1; exit }')}
level=${level:-x86-64-v3}
if [ ! -f "$level.toml" ]; then
  echo "target-cpu: there is no level $level. Choose from:" x86-64-v*.toml | sed 's/\.toml//g' >&2
  exit 64
fi
if [ "$level" = x86-64-v3 ]; then
  rm -f machine.toml
else
  echo "include = [\"$level.toml\"]" >machine.toml
fi
