//! The words of a page with their positions, from `pdftotext -bbox-layout`.

use std::io::BufRead;

use collabry_shared::sources::FailureCode;

use super::pdf_direction::logical;
use super::symbols::private;

/// A rectangle in points; `top` is less than `bottom`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
}

impl Area {
    pub fn height(&self) -> f32 {
        self.bottom - self.top
    }

    pub fn width(&self) -> f32 {
        self.right - self.left
    }

    pub fn middle(&self) -> f32 {
        f32::midpoint(self.top, self.bottom)
    }

    pub fn around(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// Whether both are in the same line.
    pub fn is_beside(&self, other: &Self) -> bool {
        let common = self.bottom.min(other.bottom) - self.top.max(other.top);
        common > self.height().min(other.height()) / 2.0
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    pub area: Area,
    pub text: String,
}

/// Words that follow each other without a gap that is wider than those of prose, mostly.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub area: Area,
    pub words: Vec<Word>,
}

impl Line {
    pub fn text(&self) -> String {
        text_of(&self.words)
    }

    /// Text that is rotated by 90 degrees has tall words.
    pub fn is_upright(&self) -> bool {
        let chars: usize = self.words.iter().map(|word| word.text.chars().count()).sum();
        chars < 3 || self.area.width() > self.area.height() * 0.7
    }
}

/// The words as one string in reading order, with spaces where there are gaps.
pub fn text_of(words: &[Word]) -> String {
    let mut text = String::new();
    for (index, word) in words.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| &words[before].area);
        // Words of one type that touch are one already.
        if before.is_some_and(|before| gap(before, &word.area) > size(&word.area) * 0.04) {
            text.push(' ');
        }
        text.push_str(&word.text);
    }
    logical(&text)
}

/// The size of the type, also in a rotated line.
fn size(area: &Area) -> f32 {
    area.height().min(area.width().max(area.height() / 4.0))
}

/// The distance between two neighbours, in any direction of the line.
fn gap(first: &Area, second: &Area) -> f32 {
    let across = (second.left - first.right).max(first.left - second.right);
    let down = (second.top - first.bottom).max(first.top - second.bottom);
    across.max(down)
}

/// Length in letters; those of Chinese, Japanese and Korean are twice as wide.
pub fn letters(text: &str) -> usize {
    text.chars().map(|c| if matches!(c, '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff60}') { 2 } else { 1 }).sum()
}

/// Lines that belong together, in reading order.
pub type Block = Vec<Line>;

/// A page's blocks in reading order.
#[derive(Debug, Default, PartialEq)]
pub struct Page {
    /// In points; 0 if it is unknown.
    pub height: f32,
    pub blocks: Vec<Block>,
}

/// The pages of the program's output, which may be many times longer than its text and is therefore never kept whole.
/// Fails on more than `max_bytes` of text.
pub fn read(output: impl BufRead, max_bytes: u64) -> Result<Vec<Page>, FailureCode> {
    let mut pages = Vec::new();
    let mut bytes = 0;
    for line in output.split(b'\n') {
        let line = line.map_err(|_| FailureCode::ExtractCrashed)?;
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        if line.starts_with("<page ") {
            pages.push(Page { height: value(line, "height=\"").unwrap_or_default(), ..Page::default() });
            continue;
        }
        let Some(page) = pages.last_mut() else {
            continue;
        };
        if line.starts_with("<block ") {
            page.blocks.push(Block::new());
        } else if line.starts_with("<line ")
            && let (Some(block), Some(area)) = (page.blocks.last_mut(), area(line))
        {
            block.push(Line { area, words: Vec::new() });
        } else if let Some(word) = word(line)
            && let Some(line) = page.blocks.last_mut().and_then(|block| block.last_mut())
        {
            bytes += word.text.len() as u64 + 1;
            if bytes > max_bytes {
                return Err(FailureCode::TooMuchText);
            }
            line.words.push(word);
        }
    }
    Ok(pages)
}

fn word(line: &str) -> Option<Word> {
    let inside = line.strip_prefix("<word ")?.strip_suffix("</word>")?;
    let (_, text) = inside.split_once('>')?;
    let text = quick_xml::escape::unescape(text).ok()?;
    // A soft hyphen is visible at the end of a line only.
    let text = match text.strip_suffix('\u{ad}') {
        Some(before) => format!("{}-", before.replace('\u{ad}', "")),
        None => text.replace('\u{ad}', ""),
    };
    let is_seen = |c: &char| !matches!(c, '\u{200b}' | '\u{feff}');
    let text = text.chars().filter(is_seen).map(|c| private(c).unwrap_or(c)).collect();
    Some(Word { area: area(line)?, text }).filter(|word| !word.text.trim().is_empty())
}

fn area(line: &str) -> Option<Area> {
    let value = |name: &str| value(line, name);
    Some(Area { left: value("xMin=\"")?, top: value("yMin=\"")?, right: value("xMax=\"")?, bottom: value("yMax=\"")? })
}

fn value(line: &str, name: &str) -> Option<f32> {
    let (_, after) = line.split_once(name)?;
    after.split_once('"')?.0.parse::<f32>().ok().filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "<doc>\n<page width=\"595\" height=\"842\">\n<flow>\n\
        <block xMin=\"1\" yMin=\"1\" xMax=\"50\" yMax=\"11\">\n<line xMin=\"1\" yMin=\"1\" xMax=\"50\" yMax=\"11\">\n\
        <word xMin=\"1\" yMin=\"1\" xMax=\"20\" yMax=\"11\">A &amp;</word>\n\
        <word xMin=\"24\" yMin=\"1\" xMax=\"40\" yMax=\"11\">B</word>\n\
        <word xMin=\"40\" yMin=\"1\" xMax=\"50\" yMax=\"11\">C\u{200b}</word>\n</line>\n</block>\n</flow>\n</page>\n\
        <page width=\"595\" height=\"842\">\n</page>\n</doc>\n";

    #[test]
    fn words_are_read_with_their_places() {
        let pages = read(OUTPUT.as_bytes(), 100).unwrap();
        assert_eq!(pages.len(), 2);
        assert_eq!(pages[0].blocks[0][0].text(), "A & BC");
        assert_eq!(pages[1], Page { height: 842.0, ..Page::default() });
        assert_eq!(read(OUTPUT.as_bytes(), 3), Err(FailureCode::TooMuchText));
    }
}
