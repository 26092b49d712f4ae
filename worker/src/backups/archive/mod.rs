//! Reads and writes archives as streams.

mod hashing;
mod keys;
mod reader;
mod writer;

pub use self::keys::{Keys, SIGNER};
pub use self::reader::{ArchiveReader, Contents, EntrySink};
pub use self::writer::ArchiveWriter;

/// The prefix of the entries with the parts of the database.
pub const DATABASE: &str = "database/";

/// The prefix of the entries with the files.
pub const FILES: &str = "files/";
