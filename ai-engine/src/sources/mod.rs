//! From a file to searchable chunks.

mod builder;
mod document;
mod extract;
pub mod extract_child;
mod formats;
mod pages;

pub use self::document::{Document, Heading, PageStart};
pub use self::extract::Extractor;
