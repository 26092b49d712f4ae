-- token is the last fencing token given out; slots up to forgotten_slot are in the ledger no more.
CREATE TABLE jobs (
    name           TEXT    NOT NULL PRIMARY KEY,
    schedule       TEXT,
    missed         TEXT    NOT NULL,
    lease_ms       INTEGER NOT NULL,
    declared_at    INTEGER NOT NULL,
    token          INTEGER NOT NULL DEFAULT 0,
    forgotten_slot INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- owner, token and lease_until are the claim: all empty unless running.
CREATE TABLE job_runs (
    job          TEXT    NOT NULL REFERENCES jobs (name) ON DELETE CASCADE,
    slot         INTEGER NOT NULL,
    state        TEXT    NOT NULL,
    requested_by TEXT,
    attempts     INTEGER NOT NULL,
    started_at   INTEGER,
    finished_at  INTEGER,
    error        TEXT,
    owner        TEXT,
    token        INTEGER,
    lease_until  INTEGER,
    PRIMARY KEY (job, slot)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_runs_open ON job_runs (job, slot) WHERE state IN ('requested', 'running');

CREATE TABLE usage_days (
    user_id        TEXT    NOT NULL,
    day            TEXT    NOT NULL, -- 2026-03-01, UTC
    messages       INTEGER NOT NULL,
    uploads        INTEGER NOT NULL,
    uploaded_bytes INTEGER NOT NULL,
    PRIMARY KEY (user_id, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_models (
    user_id     TEXT    NOT NULL,
    day         TEXT    NOT NULL,
    model       TEXT    NOT NULL,
    generations INTEGER NOT NULL,
    characters  INTEGER NOT NULL,
    PRIMARY KEY (user_id, day, model)
) STRICT, WITHOUT ROWID;

-- A day is rolled up from what was created on it.
CREATE INDEX messages_created ON messages (created_at);
CREATE INDEX generations_created ON generations (created_at);
CREATE INDEX source_versions_created ON source_versions (created_at);
