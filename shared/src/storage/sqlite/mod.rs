//! The embedded backend: SQLite files in the data folder.
