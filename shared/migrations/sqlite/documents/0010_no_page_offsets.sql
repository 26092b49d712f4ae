-- Nobody looks for a page by where it begins.
DROP INDEX pages_start;
