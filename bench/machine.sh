#!/usr/bin/env bash
# Says on what is measured.
set -euo pipefail
echo "cpu     $(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -1), $(nproc) cores"
echo "memory  $(awk '/^MemTotal/ { printf "%.1f GiB", $2 / 1048576 }' /proc/meminfo)"
echo "kernel  $(uname -sr)"
echo "load    $(cut -d ' ' -f 1-3 /proc/loadavg) before the start"
[ "$(uname -m)" != x86_64 ] \
  || echo "level   $(grep -o 'x86-64-v[0-9]' "$(dirname "$0")/../.cargo/machine.toml" 2>/dev/null || echo x86-64-v3)"
echo "rustc   $(rustc --version)"
echo "node    $(node --version)"
echo "commit  $(git describe --always --dirty --abbrev=12)"
