-- Why an answer that is complete may end too early.
ALTER TABLE messages ADD COLUMN cut_off TEXT;
ALTER TABLE generations ADD COLUMN cut_off TEXT;
