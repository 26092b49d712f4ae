-- An answer that a newer one took the place of keeps its text.
ALTER TABLE messages ADD COLUMN superseded_by TEXT;
-- On a question that was limited to some sources: {"sources":3,"of":10}.
ALTER TABLE messages ADD COLUMN asked_json TEXT;

-- What was deleted can be brought back until it begins to be purged.
ALTER TABLE notebooks ADD COLUMN purging INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN purging INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN deleted_at INTEGER;
CREATE INDEX conversations_deleted ON conversations (deleted_at) WHERE deleted_at IS NOT NULL;

DROP VIEW live_conversations;
CREATE VIEW live_conversations AS
SELECT c.* FROM conversations c JOIN live_notebooks n ON n.id = c.notebook_id WHERE c.deleted_at IS NULL;

-- As live_sources, of what was deleted from notebooks that are there.
CREATE VIEW deleted_sources AS
SELECT s.id, s.notebook_id, s.name, s.origin_json, s.created_by, s.created_at AS added_at, s.deleted_at,
       v.version, v.format, v.size, v.blob_key, v.state_json, v.page_count, v.chunk_count, v.created_at, v.updated_at,
       v.queued_by, v.not_read_json,
       (SELECT MAX(r.version) FROM source_versions r WHERE r.source_id = s.id AND r.step = 'ready') AS ready_version
FROM sources s
JOIN live_notebooks n ON n.id = s.notebook_id
JOIN source_versions v ON v.source_id = s.id AND v.version = s.latest_version
WHERE s.deleted_at IS NOT NULL AND s.purging = 0;
