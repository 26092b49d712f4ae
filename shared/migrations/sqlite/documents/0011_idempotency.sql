-- Answers kept for whoever sends the same request again; `until` is the end of the claim, then of the answer.
CREATE TABLE idempotency_keys (
    user_id     TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key         TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL,
    answer_json TEXT,
    claimed_at  INTEGER NOT NULL,
    until       INTEGER NOT NULL,
    PRIMARY KEY (user_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_until ON idempotency_keys (until);
CREATE INDEX idempotency_keys_user ON idempotency_keys (user_id, claimed_at);
