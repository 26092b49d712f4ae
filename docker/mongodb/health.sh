#!/usr/bin/env bash
# Whether MongoDB takes writes. Makes the replica set the first time.
set -euo pipefail
# The password is in the environment and not among the arguments, which everybody on the machine may list.
mongosh --quiet --eval '
  db.getSiblingDB("admin").auth(process.env.MONGO_INITDB_ROOT_USERNAME, process.env.MONGO_INITDB_ROOT_PASSWORD);
  try { rs.status() } catch (error) {
    if (error.codeName !== "NotYetInitialized") throw error;
    rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongodb:27017" }] });
  }
  quit(db.hello().isWritablePrimary ? 0 : 1)'
