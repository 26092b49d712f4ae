//! Formats the rows below column names as lines.

use super::table::Line;
use super::table_header::Row;

/// Longer names are truncated, because a name may be repeated in each row.
const MAX_NAME_CHARS: usize = 60;

/// The column names are repeated after this many bytes of rows: about a passage, so that each names its columns.
const NAMES_AGAIN_AFTER: usize = 400;

/// Names of more bytes would be a good part of each passage, and are far from the last values of their row: each value
/// has its name beside it instead.
const MAX_GRID_NAMES: usize = 150;

/// Names that are this many times longer than the values are not repeated with each of them.
const MAX_NAMES_SHARE: usize = 3;

/// A merged cell over more columns than this is written once.
const MAX_SAID_AGAIN: usize = 4;

/// Rows with this many times more gaps than values, plus a few, are written without the gaps.
const MAX_GAPS: usize = 8;
const FREE_GAPS: usize = 16;

#[derive(Debug)]
pub struct Header {
    names: Vec<String>,
    /// The column of the first name, unless there are values before it.
    first: usize,
    layout: Layout,
}

#[derive(Debug)]
enum Layout {
    /// Each value under its name; how many bytes of rows there are since the names, and after how many they come again.
    Grid { since: usize, again_after: usize },
    /// Each value follows its name.
    Named,
}

impl Header {
    /// `rows` are the first ones below the names.
    pub fn new(names: &[String], rows: &[Row]) -> Self {
        let names: Vec<String> = names.iter().map(|name| cut(name)).collect();
        let is_used = |column: &usize| rows.iter().any(|row| !row.cell(*column).is_empty());
        let begin = names.iter().position(|name| !name.is_empty()).unwrap_or_default();
        let first = (0..begin).find(is_used).unwrap_or(begin);
        Self { layout: layout(&names, rows), names, first }
    }

    /// Adds the row's line, after the names when it is time for them.
    pub fn add(&mut self, row: &Row, lines: &mut Vec<Line>) {
        let names = self.line();
        match &mut self.layout {
            Layout::Named => lines.push(Line::of(labelled(&self.names, row))),
            Layout::Grid { since, again_after } => {
                if *since > *again_after {
                    lines.push(Line { text: names, starts: true });
                    *since = 0;
                }
                let line = in_columns(row, self.first);
                *since += line.len();
                lines.push(Line::of(line));
            }
        }
    }

    /// Whether rows after a blank one continue the table before it.
    pub fn fits(&self, rows: &[Row]) -> bool {
        let width = self.names.len();
        let is_alike = |row: &Row| row.own().all(|(column, _)| column < width && !self.names[column].is_empty());
        let has_numbers = |row: &Row| row.own().any(|(_, cell)| cell.starts_with(|c: char| c.is_ascii_digit()));
        rows.iter().all(|row| is_alike(row) && (row.filled() * 2 > width || row.filled() < 2))
            && rows.iter().any(has_numbers)
    }

    /// The names of the columns.
    pub fn line(&self) -> String {
        match self.layout {
            Layout::Grid { .. } => in_line(self.names.iter().map(String::as_str).skip(self.first)),
            Layout::Named => joined(self.names.iter().map(String::as_str)),
        }
    }
}

fn layout(names: &[String], rows: &[Row]) -> Layout {
    let bytes: usize = names.iter().map(|name| name.len() + 3).sum();
    if is_too_long(names, rows) {
        Layout::Grid { since: 0, again_after: bytes * MAX_NAMES_SHARE }
    } else if bytes > MAX_GRID_NAMES {
        Layout::Named
    } else {
        Layout::Grid { since: 0, again_after: NAMES_AGAIN_AFTER }
    }
}

/// The row's values, each in its place, from a column on before which there are no names.
fn in_columns(row: &Row, first: usize) -> String {
    let mut said = 1;
    let mut cells = Vec::with_capacity(row.cells.len());
    for (column, cell) in row.cells.iter().enumerate() {
        said = if row.is_spread(column) { said + 1 } else { 1 };
        cells.push(if said > MAX_SAID_AGAIN { "" } else { cell.as_str() });
    }
    let filled = cells.iter().position(|cell| !cell.is_empty()).unwrap_or_default();
    in_line(cells.into_iter().skip(first.min(filled)))
}

fn in_line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    cells.collect::<Vec<_>>().join(" | ").trim_end_matches([' ', '|']).to_owned()
}

fn is_too_long(names: &[String], rows: &[Row]) -> bool {
    let names: usize = names.iter().map(|name| name.len() + 4).sum();
    let values: usize = rows.iter().flat_map(|row| row.cells.iter()).map(|cell| cell.len() + 3).sum();
    names * rows.len() > values * MAX_NAMES_SHARE + 2_000
}

fn cut(name: &str) -> String {
    match name.char_indices().nth(MAX_NAME_CHARS) {
        Some((end, _)) => format!("{}…", name[..end].trim_end()),
        None => name.to_owned(),
    }
}

fn joined<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    cells.filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" | ")
}

/// The row's values, one after the other.
pub fn plain(row: &Row) -> Option<String> {
    let line = joined(row.own().map(|(_, cell)| cell));
    (!line.is_empty()).then_some(line)
}

/// The columns of a stretch without names. Values keep their places, or one below the other would seem to belong
/// together.
#[derive(Debug, Default)]
pub struct Places {
    /// The columns with values, in order.
    used: Vec<usize>,
}

impl Places {
    pub fn of(rows: &[Row]) -> Self {
        let mut places = Self::default();
        for row in rows {
            places.widen(row);
        }
        places
    }

    /// The row's values, each in its column; a single value is a title or a note.
    pub fn line(&mut self, row: &Row) -> Option<String> {
        self.widen(row);
        let (filled, last) = (row.filled(), row.own().last()?.0);
        let places = self.used.partition_point(|column| *column <= last);
        if filled < 2 || places > filled * MAX_GAPS + FREE_GAPS {
            return plain(row);
        }
        let cell = |column: &usize| if row.is_spread(*column) { "" } else { row.cell(*column) };
        Some(in_line(self.used[..places].iter().map(cell)))
    }

    /// A row may have a value in a column that was empty so far.
    fn widen(&mut self, row: &Row) {
        for (column, _) in row.own() {
            if let Err(place) = self.used.binary_search(&column) {
                self.used.insert(place, column);
            }
        }
    }
}

fn labelled(names: &[String], row: &Row) -> String {
    let mut line = String::new();
    for (column, cell) in row.own() {
        if !line.is_empty() {
            line.push_str("; ");
        }
        if let Some(name) = names.get(column).filter(|name| !name.is_empty()) {
            line.push_str(name);
            line.push_str(": ");
        }
        line.push_str(cell);
    }
    line
}
