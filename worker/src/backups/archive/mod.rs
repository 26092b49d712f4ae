//! The archive as a stream, in both directions.

mod hashing;
mod keys;
mod reader;
mod writer;

pub use self::keys::{Keys, SIGNER};
pub use self::reader::{ArchiveReader, Contents, Take};
pub use self::writer::ArchiveWriter;

/// What the parts of the database are below.
pub const DATABASE: &str = "database/";

/// What the files are below.
pub const FILES: &str = "files/";
