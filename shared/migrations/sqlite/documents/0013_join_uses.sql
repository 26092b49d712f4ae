-- How many more people a join code lets in. Empty: as many as have it.
ALTER TABLE notebooks ADD COLUMN join_uses_left INTEGER;
