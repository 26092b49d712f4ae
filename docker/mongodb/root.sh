# shellcheck shell=bash
# Chooses the root user of MongoDB. With MONGODB_ROOT_PASSWORD it is `root`, and the programs sign in as `collabry`, who may read and write
# the database of theirs and nothing else. Without it, as in installations from before there was that setting, it is `collabry`.
# Passwords are in the environment and not among arguments, which everybody on the machine may list.
if [ -n "${MONGODB_ROOT_PASSWORD:-}" ]; then
  export COLLABRY_PASSWORD=$MONGO_INITDB_ROOT_PASSWORD
  export MONGO_INITDB_ROOT_USERNAME=root MONGO_INITDB_ROOT_PASSWORD=$MONGODB_ROOT_PASSWORD
fi

# as_root SCRIPT: its last value is printed.
as_root() {
  exec mongosh --quiet collabry --eval '
    db.getSiblingDB("admin").auth(process.env.MONGO_INITDB_ROOT_USERNAME, process.env.MONGO_INITDB_ROOT_PASSWORD);
    '"$1"
}
