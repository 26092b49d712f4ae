//! Splits a text into the units that are not cut: headings, sentences, lines of tables and lists.

use std::borrow::Cow;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::pieces;
use crate::sources::Document;

/// A part of the text that stays whole, without white space at either end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    pub start: usize,
    pub end: usize,
    pub pieces: usize,
    pub is_heading: bool,
    /// The boundary between the previous unit and this one.
    pub before: Boundary,
}

/// From the strongest boundary to the weakest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    Page,
    Heading,
    Paragraph,
    Line,
    Sentence,
    /// Within a sentence that is too long to stay whole.
    Inside,
}

/// The units of a document in order, none larger than `max_pieces`.
pub fn split(document: &Document, max_pieces: usize) -> Vec<Unit> {
    let mut units = Vec::new();
    for block in blocks(document) {
        let first = units.len();
        if block.is_heading {
            push_limited(&document.text, block.range.clone(), Boundary::Heading, max_pieces, &mut units);
        } else {
            push_sentences(&document.text, block.range.clone(), max_pieces, &mut units);
        }
        if let Some(unit) = units.get_mut(first) {
            unit.before = block.before;
        }
        units[first..].iter_mut().for_each(|unit| unit.is_heading = block.is_heading);
    }
    mark_pages(document, units, max_pieces)
}

/// Lines that form one flow of text.
struct Block {
    range: Range<usize>,
    is_heading: bool,
    before: Boundary,
}

fn blocks(document: &Document) -> Vec<Block> {
    let text = &document.text;
    let mut blocks: Vec<Block> = Vec::new();
    let mut before = Boundary::Paragraph;
    let mut headings = document.headings.iter().map(|heading| heading.start).peekable();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let range = start..start + line.len();
        start = range.end;
        let mut is_heading = false;
        while headings.next_if(|heading| *heading < range.end).is_some() {
            is_heading = true;
        }
        if line.trim().is_empty() {
            before = Boundary::Paragraph;
            continue;
        }
        match blocks.last_mut() {
            Some(last)
                if before == Boundary::Line
                    && !is_heading
                    && !last.is_heading
                    && is_wrapped(text[last.range.clone()].lines().next_back().unwrap_or_default(), line) =>
            {
                last.range.end = range.end;
            }
            _ => {
                let before = if is_heading { Boundary::Heading } else { before };
                blocks.push(Block { range, is_heading, before });
            }
        }
        before = Boundary::Line;
    }
    blocks
}

/// Whether the line breaks only because it was full.
fn is_wrapped(line: &str, next: &str) -> bool {
    /// A shorter line was ended on purpose, unless its sentence clearly continues.
    const FULL_LINE: usize = 50;
    let (line, next) = (line.trim(), next.trim_start());
    let Some(first) = next.chars().next() else { return false };
    if line.contains('|') || next.contains('|') || line.contains('\t') || starts_item(next) {
        return false;
    }
    first.is_lowercase() || (line.chars().count() >= FULL_LINE && !ends_sentence(line))
}

fn starts_item(line: &str) -> bool {
    let marker = line.split_whitespace().next().unwrap_or_default();
    matches!(marker, "-" | "*" | "+" | "•" | "–" | "▪" | "◦" | ">")
        || marker.strip_suffix(['.', ')']).is_some_and(|number| {
            !number.is_empty() && number.len() <= 3 && number.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

fn ends_sentence(text: &str) -> bool {
    text.trim_end_matches(['"', '\'', '”', '’', '»', ')', ']']).ends_with(['.', '!', '?', '…', '。', '！', '？'])
}

fn push_sentences(text: &str, range: Range<usize>, max_pieces: usize, units: &mut Vec<Unit>) {
    let block = &text[range.clone()];
    // Unicode ends a sentence at each line feed, but in a wrapped line it stands for a space. Both are one byte.
    let flow =
        if block.trim_end().contains('\n') { Cow::Owned(block.replace('\n', " ")) } else { Cow::Borrowed(block) };
    let mut start = 0;
    let mut bounds = flow.split_sentence_bound_indices().map(|(at, _)| at).skip(1).chain([flow.len()]).peekable();
    while let Some(end) = bounds.next() {
        if bounds.peek().is_some() && ends_in_abbreviation(&flow[start..end]) {
            continue;
        }
        let sentence = range.start + start..range.start + end;
        push_limited(text, sentence, Boundary::Sentence, max_pieces, units);
        start = end;
    }
}

/// `Mr.`, `e.g.`, `J.`: the full stop does not end a sentence although a capital follows.
fn ends_in_abbreviation(text: &str) -> bool {
    const TITLES: [&str; 16] =
        ["Mr", "Mrs", "Ms", "Dr", "Prof", "St", "Jr", "Sr", "vs", "Fig", "No", "Eq", "Sec", "Art", "e.g", "i.e"];
    let Some(word) = text.trim_end().strip_suffix('.').and_then(|text| text.split_whitespace().next_back()) else {
        return false;
    };
    let word = word.trim_start_matches(['(', '[', '"', '“']);
    TITLES.contains(&word) || (word.len() == 1 && word.bytes().all(|byte| byte.is_ascii_uppercase() && byte != b'I'))
}

/// Adds `range` as one unit or, if it is too long, as several.
fn push_limited(text: &str, range: Range<usize>, before: Boundary, max_pieces: usize, units: &mut Vec<Unit>) {
    let Some(range) = trim(text, range) else { return };
    let pieces = pieces::estimate(&text[range.clone()]);
    if pieces <= max_pieces {
        units.push(Unit { start: range.start, end: range.end, pieces, is_heading: false, before });
        return;
    }
    let first = units.len();
    for part in cut_long(text, range, max_pieces) {
        if let Some(Range { start, end }) = trim(text, part) {
            let pieces = pieces::estimate(&text[start..end]);
            units.push(Unit { start, end, pieces, is_heading: false, before: Boundary::Inside });
        }
    }
    if let Some(unit) = units.get_mut(first) {
        unit.before = before;
    }
}

/// Parts of about a quarter of the limit or less, so that they can be grouped well: after a full stop that no capital
/// follows, or else after a clause, a word or, in a text without spaces, a character.
fn cut_long(text: &str, range: Range<usize>, max_pieces: usize) -> Vec<Range<usize>> {
    let soft_limit = max_pieces / 4;
    let mut parts = Vec::new();
    let mut start = range.start;
    let mut end = range.start;
    let mut size = 0;
    for word in words(&text[range.clone()], soft_limit) {
        let pieces = pieces::estimate(word);
        if size + pieces > max_pieces {
            parts.push(start..end);
            (start, size) = (end, 0);
        }
        end += word.len();
        size += pieces;
        let ends_clause = size >= soft_limit && word.trim_end().ends_with([',', ';', ':', '|', ')', '、', '，', '；']);
        if ends_clause || ends_sentence(word.trim_end()) {
            parts.push(start..end);
            (start, size) = (end, 0);
        }
    }
    parts.push(start..range.end);
    parts
}

/// The most letters in a word piece: see [`pieces::estimate`].
const LETTERS_PER_PIECE: usize = 6;

/// Returns the words, each with the white space after it. A word that exceeds the limit on its own is split.
fn words(text: &str, max_pieces: usize) -> impl Iterator<Item = &str> {
    text.split_inclusive(char::is_whitespace).flat_map(move |word| {
        let mut parts = Vec::new();
        let mut rest = word;
        // A character makes at most 3 word pieces.
        while let Some((at, _)) = rest.char_indices().nth((max_pieces / 3).max(1)).filter(|(at, _)| *at < rest.len()) {
            // Counts only a rest that can be short enough: a file may be a single word of megabytes.
            let may_fit = rest.char_indices().nth(max_pieces * LETTERS_PER_PIECE).is_none();
            if may_fit && pieces::estimate(rest) <= max_pieces {
                break;
            }
            let (part, after) = rest.split_at(at);
            parts.push(part);
            rest = after;
        }
        parts.push(rest);
        parts
    })
}

/// Marks the units that start a page. A sentence that the page break cut in two is joined again.
fn mark_pages(document: &Document, units: Vec<Unit>, max_pieces: usize) -> Vec<Unit> {
    let mut marked: Vec<Unit> = Vec::with_capacity(units.len());
    for mut unit in units {
        if let Some(last) = marked.last_mut() {
            let pages = &document.pages;
            let is_new_page = pages.partition_point(|page| page.start <= last.start)
                < pages.partition_point(|page| page.start <= unit.start);
            let goes_on = document.text[unit.start..].starts_with(char::is_lowercase)
                && !ends_sentence(&document.text[last.start..last.end]);
            if is_new_page && goes_on && !last.is_heading && last.pieces + unit.pieces <= max_pieces {
                last.end = unit.end;
                last.pieces += unit.pieces;
                continue;
            }
            if is_new_page {
                unit.before = Boundary::Page;
            }
        }
        marked.push(unit);
    }
    marked
}

fn trim(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let part = &text[range.clone()];
    let start = range.start + (part.len() - part.trim_start().len());
    let end = range.start + part.trim_end().len();
    (start < end).then_some(start..end)
}
