-- Whose share of the work a version is, since when it waits, how often it was tried again, and where its workers died.
ALTER TABLE source_versions ADD COLUMN queued_by TEXT;
ALTER TABLE source_versions ADD COLUMN queued_at INTEGER;
ALTER TABLE source_versions ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE source_versions ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE source_versions ADD COLUMN crash_state TEXT;
-- What the file holds and was not read.
ALTER TABLE source_versions ADD COLUMN not_read_json TEXT;

CREATE INDEX sources_created_by ON sources (created_by);
CREATE INDEX source_versions_queued_by ON source_versions (queued_by);
CREATE INDEX source_versions_updated ON source_versions (updated_at);

DROP VIEW live_sources;
CREATE VIEW live_sources AS
SELECT s.id, s.notebook_id, s.name, s.origin_json, s.created_by, s.created_at AS added_at,
       v.version, v.format, v.size, v.blob_key, v.state_json, v.page_count, v.chunk_count, v.created_at, v.updated_at,
       v.queued_by, v.not_read_json,
       (SELECT MAX(r.version) FROM source_versions r WHERE r.source_id = s.id AND r.step = 'ready') AS ready_version
FROM sources s
JOIN live_notebooks n ON n.id = s.notebook_id
JOIN source_versions v ON v.source_id = s.id AND v.version = s.latest_version
WHERE s.deleted_at IS NULL;
