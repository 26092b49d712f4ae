//! The archive as a stream, in both directions.

mod hashing;
mod reader;
mod writer;

pub use self::reader::{ArchiveReader, Keys, Take};
pub use self::writer::ArchiveWriter;

/// What the parts of the database are below.
pub const DATABASE: &str = "database/";

/// What the files are below.
pub const FILES: &str = "files/";
