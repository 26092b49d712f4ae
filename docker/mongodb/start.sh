#!/usr/bin/env bash
# Starts MongoDB as a replica set with sign-in. Members of a set trust each other by a key, which is made of the password.
set -euo pipefail
# shellcheck source=docker/mongodb/root.sh
. "$(dirname "$0")/root.sh"
# In one step: many kernels keep even root from writing to a file of somebody else's in /tmp.
printf '%s' "$MONGO_INITDB_ROOT_PASSWORD" | sha512sum | cut -d ' ' -f 1 |
  install -m 400 -o mongodb -g mongodb /dev/stdin /tmp/replica-key
exec docker-entrypoint.sh mongod --replSet rs0 --keyFile /tmp/replica-key --bind_ip_all
