//! The result of extraction, for every format.

use collabry_shared::sources::{MAX_NAMED_PAGES, NotRead, Unread};
use serde::{Deserialize, Serialize};

/// A document's text with its structure. All offsets are bytes into `text`, on character boundaries; they become code
/// points where they leave the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The title that the document gives itself.
    pub title: Option<String>,
    /// For plain text the content of the file, unchanged except for encoding and line endings; for Markdown also
    /// without what only programs read. For other formats the text is laid out for reading, with blank lines between
    /// blocks.
    pub text: String,
    /// Where each page, slide or sheet starts, in order; empty when the format has none.
    pub pages: Vec<PageStart>,
    /// In order of `start`.
    pub headings: Vec<Heading>,
    /// What the file contains and `text` does not, each kind once.
    #[serde(default)]
    pub omitted: Vec<Omitted>,
}

/// The items of one kind that were not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Omitted {
    pub what: Unread,
    pub count: u32,
    /// The pages that they are on, in order, up to [`MAX_NAMED_PAGES`].
    pub pages: Vec<u32>,
}

/// More than there are kinds.
const MAX_KINDS: usize = 16;

impl Document {
    /// Records an item that is not read.
    pub fn omit(&mut self, what: Unread, page: Option<u32>) {
        let index = self.omitted.iter().position(|omitted| omitted.what == what).unwrap_or_else(|| {
            self.omitted.push(Omitted { what, count: 0, pages: Vec::new() });
            self.omitted.len() - 1
        });
        let omitted = &mut self.omitted[index];
        omitted.count = omitted.count.saturating_add(1);
        if let Some(page) = page.filter(|page| omitted.pages.last() != Some(page))
            && omitted.pages.len() < MAX_NAMED_PAGES
        {
            omitted.pages.push(page);
        }
    }

    /// What was not read, with messages for people.
    pub fn not_read(&self, page_count: Option<u32>) -> Vec<NotRead> {
        let not_read = |omitted: &Omitted| NotRead::new(omitted.what, omitted.count, omitted.pages.clone(), page_count);
        self.omitted.iter().map(not_read).collect()
    }

    /// Whether all offsets are in the text, on character boundaries and in order. Documents from the extraction child
    /// are checked, because a hostile file may have taken it over.
    pub fn is_valid(&self) -> bool {
        let pages = self.pages.iter().map(|page| page.start);
        let headings = self.headings.iter().map(|heading| heading.start);
        let numbered = self.pages.iter().zip(1..).all(|(page, number)| page.number == number);
        let named = |omitted: &Omitted| omitted.pages.len() <= MAX_NAMED_PAGES;
        numbered
            && self.omitted.len() <= MAX_KINDS
            && self.omitted.iter().all(named)
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
