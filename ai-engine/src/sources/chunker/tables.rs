//! Finds the column names of a table, for passages that start further down in it.

use std::ops::Range;

use crate::sources::{Document, TableRow, find_header, is_typed};

/// The separator between the cells of a row.
pub const CELL_SEPARATOR: &str = " | ";

/// The number of rows that are searched for the names.
const SAMPLE_ROWS: usize = 20;

/// Longer names would push the rows out of the model's window.
const MAX_NAMES_BYTES: usize = 600;

/// A page may start with a line or two, such as its number, before a table continues.
const MAX_GAP_BYTES: usize = 120;

/// The rows of a table and their column names, as ranges of the document's text.
#[derive(Debug, Clone, PartialEq)]
struct Named {
    rows: Range<usize>,
    names: Range<usize>,
}

/// The tables of a document whose columns have names.
pub struct Tables<'a> {
    text: &'a str,
    named: Vec<Named>,
}

impl<'a> Tables<'a> {
    pub fn of(document: &'a Document) -> Self {
        let text = document.text.as_str();
        let mut named: Vec<Named> = Vec::new();
        for lines in runs(text) {
            let end = lines.last().map_or(0, |line| line.end);
            let own = names(text, &lines).map(|names| Named { rows: names.end..end, names });
            let going_on =
                || named.last().filter(|last| continues(document, last, &lines)).map(|last| last.names.clone());
            let found = own.or_else(|| Some(Named { rows: lines.first()?.start..end, names: going_on()? }));
            named.extend(found);
        }
        Self { text, named }
    }

    /// The column names for a passage that starts at `start`, unless it starts with them.
    pub fn names_above(&self, start: usize) -> Option<&'a str> {
        let next = self.named.partition_point(|table| table.rows.start <= start);
        let table = self.named.get(next.checked_sub(1)?).filter(|table| start < table.rows.end)?;
        let names = &self.text[table.names.clone()];
        (names.len() <= MAX_NAMES_BYTES && !self.text[start..].starts_with(names)).then_some(names)
    }
}

/// Runs of consecutive lines with cells.
fn runs(text: &str) -> Vec<Vec<Range<usize>>> {
    let mut runs: Vec<Vec<Range<usize>>> = Vec::new();
    let (mut start, mut is_open) = (0, false);
    for line in text.split_inclusive('\n') {
        let range = start..start + line.trim_end().len();
        start += line.len();
        let is_row = line.contains(CELL_SEPARATOR);
        match runs.last_mut() {
            Some(run) if is_row && is_open => run.push(range),
            _ if is_row => runs.push(vec![range]),
            _ => {}
        }
        is_open = is_row;
    }
    runs
}

/// The line or lines of a table that name its columns.
fn names(text: &str, lines: &[Range<usize>]) -> Option<Range<usize>> {
    if lines.get(1).is_some_and(|line| is_rule(&text[line.clone()])) {
        return lines.first().cloned();
    }
    let rows: Vec<TableRow> = lines.iter().take(SAMPLE_ROWS).map(|line| row(&text[line.clone()])).collect();
    let found = find_header(&rows)?;
    Some(lines.get(found.first)?.start..lines.get(found.first + found.rows - 1)?.end)
}

/// Whether the first rows of a table contain column names.
pub fn has_names(rows: &[&str]) -> bool {
    let rows: Vec<TableRow> = rows.iter().take(SAMPLE_ROWS).map(|line| row(line)).collect();
    let is_of_words = |row: &TableRow| !row.cells.iter().any(|cell| is_typed(cell));
    rows.first().is_some_and(is_of_words) || find_header(&rows).is_some_and(|found| found.first == 0)
}

/// The line below the column names in Markdown.
fn is_rule(line: &str) -> bool {
    line.contains("--") && !line.contains(|c: char| !matches!(c, '-' | ':' | '|' | ' '))
}

fn row(line: &str) -> TableRow {
    // Markdown has bars on both sides of a row; a bar only at the start follows an empty cell.
    let inner = line.strip_prefix("| ").map_or(line, |rest| rest.strip_suffix('|').unwrap_or(rest));
    TableRow { cells: inner.split('|').map(|cell| cell.trim().to_owned()).collect(), spread: Vec::new() }
}

/// Whether rows without names of their own continue the table on the previous page.
fn continues(document: &Document, last: &Named, lines: &[Range<usize>]) -> bool {
    let Some(first) = lines.first() else { return false };
    let gap = last.rows.end..first.start;
    let is_page = document.pages.iter().any(|page| gap.start < page.start && page.start <= gap.end);
    let between = document.text[gap.clone()].trim();
    // A row with a single cell, such as the name of a section.
    let is_section = between.lines().count() == 1 && !document.text[gap.clone()].contains("\n\n");
    let is_heading = document.headings.iter().any(|heading| gap.contains(&heading.start));
    let width = |line: &Range<usize>| row(&document.text[line.clone()]).cells.len();
    let names = width(&last.names);
    (is_page || is_section)
        && between.len() <= MAX_GAP_BYTES
        && !is_heading
        && lines.iter().take(SAMPLE_ROWS).all(|line| (names.div_ceil(2)..=names).contains(&width(line)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::PageStart;

    fn names_of(document: &Document, part: &str) -> Option<String> {
        let start = document.text.find(part).unwrap();
        Tables::of(document).names_above(start).map(str::to_owned)
    }

    #[test]
    fn rows_know_the_names_of_their_columns() {
        let text = "Stops\n\nStation | Opened | Depth\nA | 1901 | 12\nB | 1902 | 13\nNew ones\nC | 1990 | 20\n\nThe end.\n\n\
                    | City | People |\n| --- | --- |\n| Oslo | many |\n| Bonn | few |\n\n1 | 2\n3 | 4\n";
        let document = Document { text: text.to_owned(), ..Document::default() };
        let names = |part| names_of(&document, part);
        assert_eq!([names("B |"), names("C |")], [(); 2].map(|()| Some("Station | Opened | Depth".to_owned())));
        assert_eq!(names("| Bonn").as_deref(), Some("| City | People |"));
        assert_eq!([names("Station"), names("The end"), names("| City"), names("3 | 4")], [const { None }; 4]);
    }

    #[test]
    fn a_table_goes_on_over_a_page_break() {
        let text = "Station | Opened | Depth\nA | 1901 | 12\n\nPage 2\n\nB | 1902 | 13\n\nC | 1903 | 7";
        let start = text.find("Page 2").unwrap();
        let pages = vec![PageStart { number: 1, start: 0 }, PageStart { number: 2, start }];
        let document = Document { text: text.to_owned(), pages, ..Document::default() };
        assert_eq!(names_of(&document, "B |").as_deref(), Some("Station | Opened | Depth"));
        assert_eq!(names_of(&document, "C |"), None);
    }
}
