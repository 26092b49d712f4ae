//! What extraction makes of a file, whatever its format.

use serde::{Deserialize, Serialize};

/// A document's text with its structure. All offsets are bytes into `text`, on character boundaries; they become code
/// points where they leave the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// What the document calls itself.
    pub title: Option<String>,
    /// For Markdown and plain text the file's own text, unchanged but for its encoding and line ends, so that offsets
    /// lead back into the file. For other formats text laid out for reading: blank lines between blocks.
    pub text: String,
    /// Where each page, slide or sheet starts, in order; empty when the format has none.
    pub pages: Vec<PageStart>,
    /// In order of `start`.
    pub headings: Vec<Heading>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageStart {
    /// Counts from 1.
    pub number: u32,
    pub start: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// Start of the line that holds it.
    pub start: usize,
    /// 1 is the outermost.
    pub level: u8,
    pub text: String,
}
