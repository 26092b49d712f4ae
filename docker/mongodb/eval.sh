#!/usr/bin/env bash
# eval.sh SCRIPT: in the database of Collabry, as root, for whoever runs it.
set -euo pipefail
# shellcheck source=docker/mongodb/root.sh
. "$(dirname "$0")/root.sh"
as_root "$1"
