//! From a file to searchable chunks.

mod builder;
pub(crate) mod chunker;
mod document;
mod extract;
pub mod extract_child;
mod fetch;
mod formats;
mod ingestion;
mod pages;

pub use self::document::{Document, Heading, Omitted, PageStart};
pub use self::extract::Extractor;
pub use self::fetch::{Fetched, Fetcher};
pub(crate) use self::formats::{TableRow, find_header, is_typed};
pub use self::ingestion::{Ingestion, IngestionParts};
