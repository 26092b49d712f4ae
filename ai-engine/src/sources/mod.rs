//! From a file to searchable chunks.

mod document;

pub use self::document::{Document, Heading, PageStart};
