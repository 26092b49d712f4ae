-- How a finished answer was told, event by event: with the stored answer it is the whole log.
ALTER TABLE generations ADD COLUMN layout_json TEXT;
