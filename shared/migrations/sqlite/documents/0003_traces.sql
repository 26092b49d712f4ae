-- What asked for it, as in the header traceparent.
ALTER TABLE generations ADD COLUMN trace TEXT;
