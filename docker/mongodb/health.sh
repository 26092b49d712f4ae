#!/usr/bin/env bash
# Whether MongoDB takes writes. Makes the replica set the first time.
set -euo pipefail
# shellcheck source=docker/mongodb/root.sh
. "$(dirname "$0")/root.sh"
as_root '
  try { rs.status() } catch (error) {
    if (error.codeName !== "NotYetInitialized") throw error;
    rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongodb:27017" }] });
  }
  quit(db.hello().isWritablePrimary ? 0 : 1)'
