//! Splits a document into passages, each of which is embedded, found and cited as a whole.
//!
//! The text is split into units that are never cut (sentences, table rows, headings). A shortest-path search then
//! groups them so that passages come near a target size and end at a natural break: best before a heading, then between
//! paragraphs, then between sentences. A new page always ends a passage, so that a citation names the page it is on;
//! only a sentence that runs over the page break is kept whole.

mod pieces;
pub(crate) mod tables;
mod units;

use std::ops::Range;

use self::tables::Tables;
use self::units::{Boundary, Unit};
use crate::sources::{Document, Heading};

/// A part of a document's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// `document.text[start..end]`, bytes, without white space at either end.
    pub start: usize,
    pub end: usize,
    /// The page on which it starts; 1 when the document has none.
    pub page: u32,
    /// The document's title and the headings above the passage, outermost first. A heading with which the passage
    /// itself begins is in its text, not here.
    pub headings: Vec<String>,
    pub text: String,
    /// The names of the columns, when it starts further down in a table: without them its values mean nothing.
    pub names: Option<String>,
}

impl Passage {
    /// The text that is searched and read, with the names of its columns above it.
    pub fn readable(&self) -> String {
        match &self.names {
            Some(names) => format!("{names}\n{}", self.text),
            None => self.text.clone(),
        }
    }
}

/// The target size of a passage, in estimated word pieces: chosen with `make eval`, where larger ones lose recall at
/// small budgets and smaller ones lose the context that makes them comprehensible.
const TARGET_PIECES: usize = 110;

/// The largest passage. The model reads 256 word pieces; the rest is for headings and for errors of the estimate.
const MAX_PIECES: usize = 200;

/// Passages that together contain all of the document's text except white space, in order, without overlap.
pub fn chunk(document: &Document) -> Vec<Passage> {
    let units = units::split(document, MAX_PIECES);
    let outline = Outline::new(document);
    units
        .chunk_by(|_, next| next.before != Boundary::Page)
        .flat_map(group)
        .map(|units| outline.passage(units))
        .collect()
}

/// Groups the units at the least total cost: a shortest path over the positions where the text may be split.
fn group(units: &[Unit]) -> Vec<&[Unit]> {
    // best[i]: the least cost of the first i units, and the start of their last passage.
    let mut best = vec![(0.0_f32, 0); units.len() + 1];
    for end in 1..=units.len() {
        let cut = units.get(end).map_or(0.0, |next| cut_cost(&units[end - 1], next));
        let mut size = 0;
        let mut choice = (f32::INFINITY, end - 1);
        for start in (0..end).rev() {
            size += units[start].pieces;
            if size > MAX_PIECES && start + 1 < end {
                break;
            }
            let cost = best[start].0 + size_cost(size) + cut;
            if cost < choice.0 {
                choice = (cost, start);
            }
        }
        best[end] = choice;
    }
    let mut ends = Vec::new();
    let mut end = units.len();
    while end > 0 {
        ends.push(best[end].1..end);
        end = best[end].1;
    }
    ends.into_iter().rev().map(|range: Range<usize>| &units[range]).collect()
}

/// 0 at the target size, 1 for an empty and for the largest passage.
fn size_cost(pieces: usize) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let off = if pieces < TARGET_PIECES {
        (TARGET_PIECES - pieces) as f32 / TARGET_PIECES as f32
    } else {
        (pieces - TARGET_PIECES) as f32 / (MAX_PIECES - TARGET_PIECES) as f32
    };
    off * off
}

/// The cost of ending a passage here, in addition to [`size_cost`].
fn cut_cost(last: &Unit, next: &Unit) -> f32 {
    if last.is_heading {
        return 4.0; // a heading belongs to what follows it
    }
    match next.before {
        Boundary::Page | Boundary::Heading => -0.5,
        Boundary::Paragraph => 0.0,
        Boundary::Line => 0.2,
        Boundary::Sentence => 0.3,
        Boundary::Inside => 0.8,
    }
}

/// The structure of a document: finds the page and the headings of an offset.
struct Outline<'a> {
    document: &'a Document,
    title: Option<&'a str>,
    /// The parent of each heading.
    parents: Vec<Option<usize>>,
    tables: Tables<'a>,
}

impl<'a> Outline<'a> {
    fn new(document: &'a Document) -> Self {
        let mut parents = Vec::with_capacity(document.headings.len());
        let mut open: Vec<(u8, usize)> = Vec::new();
        for (index, Heading { level, .. }) in document.headings.iter().enumerate() {
            while open.last().is_some_and(|(above, _)| above >= level) {
                open.pop();
            }
            parents.push(open.last().map(|(_, parent)| *parent));
            open.push((*level, index));
        }
        let title = document.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
        // Many formats repeat the title as the first heading.
        let title = title.filter(|title| document.headings.first().is_none_or(|first| first.text.trim() != *title));
        Self { document, title, parents, tables: Tables::of(document) }
    }

    fn passage(&self, units: &[Unit]) -> Passage {
        let (first, last) = (&units[0], &units[units.len() - 1]);
        let pages = &self.document.pages;
        let page = pages.partition_point(|page| page.start <= first.start);
        let text = self.document.text[first.start..last.end].to_owned();
        Passage {
            start: first.start,
            end: last.end,
            page: page.checked_sub(1).or(Some(0)).and_then(|page| pages.get(page)).map_or(1, |page| page.number),
            headings: self.headings(first, &text),
            names: self.tables.names_above(first.start).map(str::to_owned),
            text,
        }
    }

    fn headings(&self, first: &Unit, text: &str) -> Vec<String> {
        let headings = &self.document.headings;
        let above = headings.partition_point(|heading| heading.start <= first.start).checked_sub(1);
        let mut next = if first.is_heading { above.and_then(|own| self.parents[own]) } else { above };
        let mut path = Vec::new();
        while let Some(index) = next {
            path.push(headings[index].text.clone());
            next = self.parents[index];
        }
        path.extend(self.title.filter(|title| !text.starts_with(title)).map(str::to_owned));
        path.reverse();
        path
    }
}

#[cfg(test)]
mod tests;
