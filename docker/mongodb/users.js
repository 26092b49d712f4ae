// The user that the programs sign in as, when it is not root itself. They make collections and indexes, read and write, and list
// both, all of which `readWrite` allows.
if (process.env.COLLABRY_PASSWORD) {
  db.getSiblingDB("admin").createUser({
    user: "collabry",
    pwd: process.env.COLLABRY_PASSWORD,
    roles: [{ role: "readWrite", db: "collabry" }],
  });
}
