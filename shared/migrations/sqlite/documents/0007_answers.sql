-- How many answers were asked for on the last day on which there were any: by a user, or by all.
CREATE TABLE answer_counts (
    subject TEXT    NOT NULL PRIMARY KEY,
    day     TEXT    NOT NULL,
    used    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The day for which it counts; NULL: it counts for none.
ALTER TABLE generations ADD COLUMN counted_on TEXT;

CREATE INDEX generations_unfinished ON generations (requested_by) WHERE state IN ('queued', 'running');
CREATE INDEX generations_answered ON generations (model) WHERE state = 'done';
