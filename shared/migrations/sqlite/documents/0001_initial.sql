-- Conventions: ids are UUID text, times are Unix milliseconds, *_json is JSON.
-- Columns that say who made something do not reference users: the work outlives the account.

CREATE TABLE users (
    id            TEXT    NOT NULL PRIMARY KEY,
    email         TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id            TEXT    NOT NULL PRIMARY KEY,
    user_id       TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash    BLOB    NOT NULL UNIQUE,
    previous_hash BLOB,
    rotated_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_previous_hash ON sessions (previous_hash) WHERE previous_hash IS NOT NULL;
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE notebooks (
    id         TEXT    NOT NULL PRIMARY KEY,
    title      TEXT    NOT NULL,
    join_code  TEXT    UNIQUE,
    join_role  TEXT,
    created_by TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;
CREATE INDEX notebooks_deleted ON notebooks (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE members (
    notebook_id TEXT    NOT NULL REFERENCES notebooks (id) ON DELETE CASCADE,
    user_id     TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role        TEXT    NOT NULL,
    joined_at   INTEGER NOT NULL,
    PRIMARY KEY (notebook_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_user ON members (user_id);

CREATE TABLE invitations (
    notebook_id TEXT    NOT NULL REFERENCES notebooks (id) ON DELETE CASCADE,
    email       TEXT    NOT NULL,
    role        TEXT    NOT NULL,
    invited_by  TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (notebook_id, email)
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_email ON invitations (email);

CREATE TABLE sources (
    id             TEXT    NOT NULL PRIMARY KEY,
    notebook_id    TEXT    NOT NULL REFERENCES notebooks (id),
    name           TEXT    NOT NULL,
    origin_json    TEXT    NOT NULL,
    created_by     TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    latest_version INTEGER NOT NULL,
    deleted_at     INTEGER
) STRICT;
CREATE INDEX sources_notebook ON sources (notebook_id, created_at);
CREATE INDEX sources_deleted ON sources (deleted_at) WHERE deleted_at IS NOT NULL;

-- owner, lease_until and attempts are the claim: all empty while queued or finished.
CREATE TABLE source_versions (
    source_id   TEXT    NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    version     INTEGER NOT NULL,
    format      TEXT    NOT NULL,
    size        INTEGER NOT NULL,
    blob_key    TEXT    NOT NULL,
    state_json  TEXT    NOT NULL,
    step        TEXT    NOT NULL GENERATED ALWAYS AS (state_json ->> 'step') VIRTUAL,
    page_count  INTEGER,
    chunk_count INTEGER,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    owner       TEXT,
    lease_until INTEGER,
    attempts    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (source_id, version)
) STRICT;
CREATE INDEX source_versions_unfinished ON source_versions (created_at) WHERE step NOT IN ('ready', 'failed');

CREATE TABLE pages (
    source_id  TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    char_start INTEGER NOT NULL,
    text       TEXT    NOT NULL,
    PRIMARY KEY (source_id, version, number),
    FOREIGN KEY (source_id, version) REFERENCES source_versions (source_id, version) ON DELETE CASCADE
) STRICT;
CREATE INDEX pages_start ON pages (source_id, version, char_start);

CREATE TABLE chunks (
    source_id     TEXT    NOT NULL,
    version       INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    char_start    INTEGER NOT NULL,
    char_end      INTEGER NOT NULL,
    page          INTEGER NOT NULL,
    headings_json TEXT    NOT NULL,
    text          TEXT    NOT NULL,
    embedding     BLOB    NOT NULL, -- f32, little-endian
    PRIMARY KEY (source_id, version, number),
    FOREIGN KEY (source_id, version) REFERENCES source_versions (source_id, version) ON DELETE CASCADE
) STRICT;

CREATE TABLE conversations (
    id          TEXT    NOT NULL PRIMARY KEY,
    notebook_id TEXT    NOT NULL REFERENCES notebooks (id),
    title       TEXT,
    model       TEXT,
    created_by  TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    active_at   INTEGER NOT NULL,
    head        INTEGER NOT NULL
) STRICT;
CREATE INDEX conversations_notebook ON conversations (notebook_id, active_at);

CREATE TABLE messages (
    id              TEXT    NOT NULL PRIMARY KEY,
    conversation_id TEXT    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    client_id       TEXT    NOT NULL,
    position        INTEGER NOT NULL,
    rev             INTEGER NOT NULL,
    author_json     TEXT    NOT NULL,
    content         TEXT    NOT NULL,
    citations_json  TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    failure_json    TEXT,
    generation_id   TEXT,
    reply_to        TEXT,
    created_at      INTEGER NOT NULL,
    edited_at       INTEGER,
    deleted_at      INTEGER
) STRICT;
CREATE UNIQUE INDEX messages_client_id ON messages (conversation_id, client_id);
CREATE UNIQUE INDEX messages_position ON messages (conversation_id, position);
CREATE UNIQUE INDEX messages_rev ON messages (conversation_id, rev);

CREATE TABLE read_marks (
    conversation_id TEXT    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    user_id         TEXT    NOT NULL,
    rev             INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE generations (
    id              TEXT    NOT NULL PRIMARY KEY,
    notebook_id     TEXT    NOT NULL,
    conversation_id TEXT    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    question_id     TEXT    NOT NULL,
    answer_id       TEXT    NOT NULL,
    model           TEXT    NOT NULL,
    source_ids_json TEXT,
    supersedes      TEXT,
    requested_by    TEXT    NOT NULL,
    state           TEXT    NOT NULL,
    failure_json    TEXT,
    created_at      INTEGER NOT NULL,
    finished_at     INTEGER,
    owner           TEXT,
    lease_until     INTEGER
) STRICT;
CREATE INDEX generations_conversation ON generations (conversation_id);
CREATE INDEX generations_queued ON generations (created_at) WHERE state = 'queued';
CREATE INDEX generations_running ON generations (created_at) WHERE state = 'running';

CREATE TABLE notifications (
    id         TEXT    NOT NULL PRIMARY KEY,
    user_id    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    about_json TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    read_at    INTEGER
) STRICT;
CREATE INDEX notifications_user ON notifications (user_id, id);

-- What users can see: everything that is neither deleted itself nor in a deleted notebook.

CREATE VIEW live_notebooks AS
SELECT * FROM notebooks WHERE deleted_at IS NULL;

CREATE VIEW live_conversations AS
SELECT c.* FROM conversations c JOIN live_notebooks n ON n.id = c.notebook_id;

-- A source with its newest version.
CREATE VIEW live_sources AS
SELECT s.id, s.notebook_id, s.name, s.origin_json, s.created_by, s.created_at AS added_at,
       v.version, v.format, v.size, v.blob_key, v.state_json, v.page_count, v.chunk_count, v.created_at, v.updated_at,
       (SELECT MAX(r.version) FROM source_versions r WHERE r.source_id = s.id AND r.step = 'ready') AS ready_version
FROM sources s
JOIN live_notebooks n ON n.id = s.notebook_id
JOIN source_versions v ON v.source_id = s.id AND v.version = s.latest_version
WHERE s.deleted_at IS NULL;
