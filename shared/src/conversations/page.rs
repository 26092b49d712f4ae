//! Parts of a log, bounded by what they weigh as well as by how many messages they hold.

use super::Message;

/// What the messages of a page weigh at most, unless the first alone is heavier.
pub const PAGE_BYTES: usize = 1024 * 1024;

/// Some messages of a log, in the order that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    pub messages: Vec<Message>,
    /// Whether the log has nothing beyond them.
    pub complete: bool,
}

impl Page {
    pub fn empty() -> Self {
        Self { messages: Vec::new(), complete: true }
    }

    /// Of the newest messages, in the order in which they were said. What comes before them is history, and nothing that
    /// was missed.
    pub(super) fn reversed(self) -> Self {
        Self { messages: self.messages.into_iter().rev().collect(), complete: true }
    }

    /// About what its messages are as text.
    pub fn bytes(&self) -> usize {
        self.messages.iter().map(Message::bytes).sum()
    }
}

/// A page while it is read.
#[derive(Debug)]
pub(super) struct Filling {
    page: Page,
    bytes: usize,
    limit: usize,
}

impl Filling {
    pub fn new(limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Self { page: Page { complete: limit > 0, ..Page::empty() }, bytes: 0, limit }
    }

    /// Takes the next message of the log; `false`: no more are wanted.
    pub fn take(&mut self, message: Message) -> bool {
        let bytes = message.bytes();
        let fits = self.page.messages.is_empty() || self.bytes.saturating_add(bytes) <= PAGE_BYTES;
        if fits {
            self.bytes = self.bytes.saturating_add(bytes);
            self.page.messages.push(message);
        }
        self.page.complete = fits && self.page.messages.len() < self.limit;
        self.page.complete
    }

    pub fn done(self) -> Page {
        self.page
    }
}
