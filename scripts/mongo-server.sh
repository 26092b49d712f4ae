#!/usr/bin/env bash
# Prints the program that starts a MongoDB server for tests, after building what it lacks. How it is called: see there.
set -euo pipefail
cd "$(dirname "$0")/../e2e/mongo-server"

if ! command -v mongod >/dev/null; then
  # Several test binaries may come here at the same time.
  mkdir -p target
  exec 9>target/.lock
  flock 9
  if [ target/classes/collabry/MongoServer.class -ot pom.xml ] ||
    [ target/classes/collabry/MongoServer.class -ot src/main/java/collabry/MongoServer.java ]; then
    echo "Building the MongoDB server of the tests" >&2
    mvn --quiet --batch-mode process-classes >&2
    touch target/classes/collabry/MongoServer.class
  fi
fi
echo "$PWD/start"
