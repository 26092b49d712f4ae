-- What all refresh tokens of a session have in common, the second token in force, and when it began; see
-- shared/src/auth/rotation.rs. Empty in sessions of earlier versions.
ALTER TABLE sessions ADD COLUMN family_hash BLOB;
ALTER TABLE sessions ADD COLUMN other_hash BLOB;
ALTER TABLE sessions ADD COLUMN created_at INTEGER;
