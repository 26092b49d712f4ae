//! Pages as they are stored, also for formats without pages, and offsets in code points as other services see them.

use collabry_shared::sources::Page;

use super::document::Document;

/// The size of a part of a document without pages, in characters: about a screen and a half of text.
const PART_CHARS: usize = 4000;

/// The distance between two stored counts, in bytes.
const STRIDE: usize = 1024;

/// Converts byte offsets of a text to code points.
#[derive(Debug)]
pub struct CodePoints<'a> {
    text: &'a str,
    /// The number of code points that start before byte `index * STRIDE`.
    before: Vec<u64>,
}

impl<'a> CodePoints<'a> {
    pub fn of(text: &'a str) -> Self {
        let counts = text.as_bytes().chunks(STRIDE).scan(0, |sum, chunk| {
            let before = *sum;
            *sum += count(chunk);
            Some(before)
        });
        Self { text, before: counts.collect() }
    }

    /// The number of code points before `byte`, which is limited to the text's length.
    pub fn at(&self, byte: usize) -> u64 {
        let byte = byte.min(self.text.len());
        // At the very end there may be no entry of its own.
        let Some(index) = self.before.len().checked_sub(1).map(|last| (byte / STRIDE).min(last)) else {
            return 0;
        };
        self.before[index] + count(&self.text.as_bytes()[index * STRIDE..byte])
    }
}

/// The number of code points that start in `bytes` of UTF-8.
fn count(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| (**byte & 0xC0) != 0x80).count() as u64
}

/// The pages of a document, or parts in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageMap {
    /// Byte offsets; never empty.
    starts: Vec<usize>,
}

impl PageMap {
    pub fn of(document: &Document) -> Self {
        let starts = if document.pages.is_empty() {
            parts(&document.text)
        } else {
            document.pages.iter().map(|page| page.start).collect()
        };
        Self { starts }
    }

    /// The number of the page that contains `byte`.
    pub fn number_at(&self, byte: usize) -> u32 {
        number(self.starts.partition_point(|start| *start <= byte).max(1))
    }

    /// The pages with their texts; together they are the document's text.
    pub fn pages(&self, document: &Document, points: &CodePoints<'_>) -> Vec<Page> {
        let ends = self.starts.iter().skip(1).copied().chain([document.text.len()]);
        let page = |(index, (start, end)): (usize, (usize, usize))| Page {
            number: number(index + 1),
            start: points.at(start),
            text: document.text[start..end].to_owned(),
        };
        self.starts.iter().copied().zip(ends).enumerate().map(page).collect()
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The starts of parts of about [`PART_CHARS`]: after a blank line if there is one in the second half, otherwise after
/// a line, otherwise after a space.
fn parts(text: &str) -> Vec<usize> {
    let mut starts = vec![0];
    let mut start = 0;
    while let Some((length, _)) = text[start..].char_indices().nth(PART_CHARS) {
        let window = &text[start..start + length];
        let half = length / 2;
        let after = |border: &str| window.rfind(border).map(|at| at + border.len()).filter(|end| *end > half);
        start += after("\n\n").or_else(|| after("\n")).or_else(|| after(" ")).unwrap_or(length);
        starts.push(start);
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::document::PageStart;

    #[test]
    fn bytes_become_code_points() {
        let text = "añ€😀".repeat(1000);
        let points = CodePoints::of(&text);
        for (expected, (byte, _)) in text.char_indices().enumerate() {
            assert_eq!(points.at(byte), expected as u64);
        }
        assert_eq!(points.at(text.len()), 4000);
        assert_eq!(CodePoints::of("").at(5), 0);
    }

    #[test]
    fn a_text_without_pages_is_cut_between_paragraphs() {
        let paragraph = format!("{}.\n\n", "wörter ".repeat(100));
        let document = Document { text: paragraph.repeat(20), ..Document::default() };
        let points = CodePoints::of(&document.text);
        let pages = PageMap::of(&document).pages(&document, &points);
        assert!(pages.len() >= 3);
        assert_eq!(pages.iter().map(|page| page.text.as_str()).collect::<String>(), document.text);
        for page in &pages {
            assert!(page.text.ends_with(".\n\n") && page.text.chars().count() <= PART_CHARS);
            let before: usize = pages[..page.number as usize - 1].iter().map(|page| page.text.chars().count()).sum();
            assert_eq!(page.start, before as u64);
        }
    }

    #[test]
    fn the_page_of_an_offset_is_found() {
        let pages =
            [0, 10, 10, 20].iter().zip(1..).map(|(start, number)| PageStart { number, start: *start }).collect();
        let map = PageMap::of(&Document { text: "x".repeat(30), pages, ..Document::default() });
        assert_eq!([0, 9, 10, 19, 20, 29].map(|byte| map.number_at(byte)), [1, 1, 3, 3, 4, 4]);
    }
}
