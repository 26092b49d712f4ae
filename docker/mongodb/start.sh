#!/usr/bin/env bash
# Starts MongoDB as a replica set with sign-in. Members of a set trust each other by a key, which is made of the password.
set -euo pipefail
# shellcheck source=docker/mongodb/root.sh
. "$(dirname "$0")/root.sh"
install -m 400 -o mongodb -g mongodb /dev/null /tmp/replica-key
printf '%s' "$MONGO_INITDB_ROOT_PASSWORD" | sha512sum | cut -d ' ' -f 1 >/tmp/replica-key
exec docker-entrypoint.sh mongod --replSet rs0 --keyFile /tmp/replica-key --bind_ip_all
