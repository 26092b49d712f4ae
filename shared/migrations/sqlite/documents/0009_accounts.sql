-- Invitations let in whoever has their link; those of earlier versions have none.
ALTER TABLE invitations ADD COLUMN code_hash BLOB;
ALTER TABLE invitations ADD COLUMN expires_at INTEGER;
CREATE UNIQUE INDEX invitations_code ON invitations (code_hash) WHERE code_hash IS NOT NULL;

-- Empty: a code of an earlier version, which works until it is renewed.
ALTER TABLE notebooks ADD COLUMN join_expires_at INTEGER;

-- Whom an owner removed: no join code lets them in again.
CREATE TABLE removed_members (
    notebook_id TEXT    NOT NULL REFERENCES notebooks (id) ON DELETE CASCADE,
    user_id     TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    removed_at  INTEGER NOT NULL,
    PRIMARY KEY (notebook_id, user_id)
) STRICT, WITHOUT ROWID;

-- What the command line gave: an address that is proven, and the rights of an admin.
ALTER TABLE users ADD COLUMN verified_at INTEGER;
ALTER TABLE users ADD COLUMN admin INTEGER NOT NULL DEFAULT 0;
