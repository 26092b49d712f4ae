-- The journal of generation events, in a file of its own so that deltas never wait for the documents' writer.

CREATE TABLE events (
    generation_id TEXT    NOT NULL,
    event_id      INTEGER NOT NULL,
    event_json    TEXT    NOT NULL,
    logged_at     INTEGER NOT NULL,
    PRIMARY KEY (generation_id, event_id)
) STRICT, WITHOUT ROWID;

-- One entry a log: finds the old ones without reading every event.
CREATE INDEX logs ON events (logged_at) WHERE event_id = 1;
