//! Builds the text of a document while it is read.

use collabry_shared::sources::{FailureCode, Unread};

use super::document::{Document, Heading, PageStart};

/// Separates blocks by blank lines, and items of a list and rows of a table by line breaks.
#[derive(Debug)]
pub struct DocumentBuilder {
    document: Document,
    max_bytes: usize,
    last_was_item: bool,
}

impl DocumentBuilder {
    /// Fails on more than `max_bytes` of text.
    pub fn new(max_bytes: usize) -> Self {
        Self { document: Document::default(), max_bytes, last_was_item: false }
    }

    /// Sets the title, unless there is one already or this one is blank.
    pub fn title(&mut self, title: &str) {
        let title = title.trim();
        if self.document.title.is_none() && !title.is_empty() {
            self.document.title = Some(title.to_owned());
        }
    }

    /// Starts the next page.
    pub fn page(&mut self) {
        self.separate("\n\n");
        let number = u32::try_from(self.document.pages.len() + 1).unwrap_or(u32::MAX);
        self.document.pages.push(PageStart { number, start: self.document.text.len() });
        self.last_was_item = false;
    }

    /// Adds a heading; 1 is the outermost level.
    pub fn heading(&mut self, level: u8, text: &str) -> Result<(), FailureCode> {
        let text = one_line(text);
        if text.is_empty() {
            return Ok(());
        }
        self.separate("\n\n");
        let start = self.document.text.len();
        self.append(&text)?;
        self.document.headings.push(Heading { start, level, text });
        self.last_was_item = false;
        Ok(())
    }

    /// Adds a block of its own.
    pub fn block(&mut self, text: &str) -> Result<(), FailureCode> {
        self.add(text, "\n\n")?;
        self.last_was_item = false;
        Ok(())
    }

    /// Adds a line that belongs to the items directly before and after it.
    pub fn item(&mut self, text: &str) -> Result<(), FailureCode> {
        let separator = if self.last_was_item { "\n" } else { "\n\n" };
        self.add(text, separator)?;
        self.last_was_item = true;
        Ok(())
    }

    /// Adds the first item of a list or table.
    pub fn first_item(&mut self, text: &str) -> Result<(), FailureCode> {
        self.last_was_item = false;
        self.item(text)
    }

    /// Records an item that is not read, on the current page if there are pages.
    pub fn omit(&mut self, what: Unread) {
        let page = u32::try_from(self.document.pages.len()).unwrap_or(u32::MAX);
        self.document.omit(what, Some(page).filter(|page| *page > 0));
    }

    /// Returns the document; fails if it has no text.
    pub fn finish(mut self) -> Result<Document, FailureCode> {
        let end = self.document.text.trim_end().len();
        if end == 0 {
            return Err(FailureCode::NoText);
        }
        self.document.text.truncate(end);
        for page in &mut self.document.pages {
            page.start = page.start.min(end);
        }
        Ok(self.document)
    }

    fn add(&mut self, text: &str, separator: &str) -> Result<(), FailureCode> {
        let text = text.trim_end().trim_start_matches(['\n', '\r']);
        if text.is_empty() {
            return Ok(());
        }
        self.separate(separator);
        self.append(text)
    }

    fn separate(&mut self, separator: &str) {
        let text = &mut self.document.text;
        if !text.is_empty() && !text.ends_with("\n\n") {
            text.push_str(separator);
        }
    }

    fn append(&mut self, text: &str) -> Result<(), FailureCode> {
        // Databases and JSON parsers do not handle NUL and other control characters.
        let printable = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
        if self.document.text.len() + text.len() > self.max_bytes {
            return Err(FailureCode::TooMuchText);
        }
        self.document.text.extend(text.chars().filter(printable));
        Ok(())
    }
}

/// `text` with every run of white space replaced by one space.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_items_and_pages_have_their_places() {
        let mut builder = DocumentBuilder::new(1000);
        builder.page();
        builder.heading(1, "A\n title").unwrap();
        builder.item("- one").unwrap();
        builder.item("- two").unwrap();
        builder.page();
        builder.page();
        builder.block("last\u{0}").unwrap();
        builder.page();
        let document = builder.finish().unwrap();
        assert_eq!(document.text, "A title\n\n- one\n- two\n\nlast");
        assert_eq!(document.pages.iter().map(|page| page.start).collect::<Vec<_>>(), [0, 22, 22, 26]);
        assert_eq!(document.headings, [Heading { start: 0, level: 1, text: "A title".to_owned() }]);
        assert!(document.is_valid());
    }

    #[test]
    fn too_much_and_nothing_are_refused() {
        let mut builder = DocumentBuilder::new(3);
        assert_eq!(builder.block("four"), Err(FailureCode::TooMuchText));
        assert_eq!(DocumentBuilder::new(3).finish(), Err(FailureCode::NoText));
    }
}
