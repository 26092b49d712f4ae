//! What extraction makes of a file, whatever its format.

use collabry_shared::sources::{MAX_NAMED_PAGES, NotRead, Unread};
use serde::{Deserialize, Serialize};

/// A document's text with its structure. All offsets are bytes into `text`, on character boundaries; they become code
/// points where they leave the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// What the document calls itself.
    pub title: Option<String>,
    /// For plain text the file's own, unchanged but for its encoding and line ends; for Markdown as well, but for what only
    /// programs read. For other formats text laid out for reading: blank lines between blocks.
    pub text: String,
    /// Where each page, slide or sheet starts, in order; empty when the format has none.
    pub pages: Vec<PageStart>,
    /// In order of `start`.
    pub headings: Vec<Heading>,
    /// What the file holds and is not in `text`, each kind once.
    #[serde(default)]
    pub omitted: Vec<Omitted>,
}

/// Things of one kind that were seen and not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Omitted {
    pub what: Unread,
    pub count: u32,
    /// The pages that they are on, in order, as far as they are named.
    pub pages: Vec<u32>,
}

/// More kinds than there are.
const MAX_KINDS: usize = 16;

impl Document {
    /// Notes something that is not read.
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

    /// What is to be said of what was not read.
    pub fn not_read(&self, page_count: Option<u32>) -> Vec<NotRead> {
        let say = |omitted: &Omitted| NotRead::new(omitted.what, omitted.count, omitted.pages.clone(), page_count);
        self.omitted.iter().map(say).collect()
    }

    /// Whether every offset lies in the text, on a character boundary, and in order. A document that comes from the
    /// extraction child is checked, because a hostile file may have had its way there.
    pub fn is_sound(&self) -> bool {
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
