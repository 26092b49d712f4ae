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

impl Document {
    /// Whether every offset lies in the text, on a character boundary, and in order. A document that comes from the
    /// extraction child is checked, because a hostile file may have had its way there.
    pub fn is_sound(&self) -> bool {
        let pages = self.pages.iter().map(|page| page.start);
        let headings = self.headings.iter().map(|heading| heading.start);
        let numbered = self.pages.iter().zip(1..).all(|(page, number)| page.number == number);
        numbered
            && pages.clone().is_sorted()
            && headings.clone().is_sorted()
            && pages.chain(headings).all(|start| self.text.is_char_boundary(start))
    }
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
