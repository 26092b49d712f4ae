#!/usr/bin/env bash
# Whether MongoDB takes writes. Makes the replica set the first time.
set -euo pipefail
mongosh --quiet --username "$MONGO_INITDB_ROOT_USERNAME" --password "$MONGO_INITDB_ROOT_PASSWORD" --eval '
  try { rs.status() } catch (error) {
    if (error.codeName !== "NotYetInitialized") throw error;
    rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongodb:27017" }] });
  }
  quit(db.hello().isWritablePrimary ? 0 : 1)'
