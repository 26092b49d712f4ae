//! Finds the rows of a table that name its columns. A wrong name is worse than none: if the values could as well be
//! names, there is no header.

use std::collections::HashSet;

use super::table_names::is_usual;
use super::table_values::{Kind, is_typed, is_wordy, kind, year};

/// Rows at the top of a stretch that may come before the one that names the columns: a title, a date.
const MAX_PREAMBLE_ROWS: usize = 5;

/// A row as it was read. What a merged cell spreads over is filled with its value.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    pub cells: Vec<String>,
    /// The columns with the value of a merged cell further left.
    pub spread: Vec<bool>,
}

impl Row {
    pub fn is_spread(&self, column: usize) -> bool {
        self.spread.get(column).copied().unwrap_or_default()
    }

    pub fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }

    /// The number of cells with a value of their own.
    pub fn filled(&self) -> usize {
        self.own().count()
    }

    /// The cells with a value of their own, with their columns.
    pub fn own(&self) -> impl Iterator<Item = (usize, &str)> {
        let cells = self.cells.iter().map(String::as_str).enumerate();
        cells.filter(|(column, cell)| !cell.is_empty() && !self.is_spread(*column))
    }
}

/// Column names, with the rows that they came from.
#[derive(Debug, PartialEq)]
pub struct Found {
    pub first: usize,
    pub rows: usize,
    pub names: Vec<String>,
}

/// The header among the first rows of a stretch without blank rows.
pub fn find(rows: &[Row]) -> Option<Found> {
    (0..rows.len().min(MAX_PREAMBLE_ROWS)).find_map(|first| {
        let row = &rows[first];
        // Pairs of a label and a value above the table are narrower than it.
        let wider = rows[..first].iter().all(|above| above.filled() < row.filled());
        if row.filled() < 2 || !wider {
            return None;
        }
        two_rows(rows, first).or_else(|| {
            let names = row.cells.clone();
            let is_header = names.iter().all(|name| is_name(name)) && names_columns(&names, &rows[first + 1..]);
            is_header.then_some(Found { first, rows: 1, names })
        })
    })
}

/// A row of groups over a row of names.
fn two_rows(rows: &[Row], first: usize) -> Option<Found> {
    let (groups, row, below) = (&rows[first], rows.get(first + 1)?, &rows[first + 2..]);
    let width = groups.cells.len().max(row.cells.len());
    let is_own = |column: usize| !groups.cell(column).is_empty() && !groups.is_spread(column);
    let has_gaps = (1..width).any(|column| !is_own(column) && !row.cell(column).is_empty());
    let has_group = (0..width).any(|column| is_own(column) && !row.cell(column).is_empty());
    let all_words = groups.cells.iter().chain(&row.cells).all(|cell| is_name(cell));
    if !has_gaps || !has_group || !all_words || below.is_empty() {
        return None;
    }
    let mut columns = Vec::with_capacity(width);
    let mut group = "";
    for column in 0..width {
        if !groups.cell(column).is_empty() {
            group = groups.cell(column);
        }
        let own = row.cell(column);
        let over = if own.is_empty() { groups.cell(column) } else { group };
        columns.push(if own.is_empty() || own == over {
            over.to_owned()
        } else {
            format!("{over} {own}").trim().to_owned()
        });
    }
    names_columns(&columns, below).then_some(Found { first, rows: 2, names: columns })
}

fn is_name(cell: &str) -> bool {
    cell.is_empty() || is_wordy(cell) || year(cell).is_some()
}

/// Whether `names` differ in kind from the values below them.
fn names_columns(names: &[String], below: &[Row]) -> bool {
    let filled: Vec<(usize, &String)> = names.iter().enumerate().filter(|(_, name)| !name.is_empty()).collect();
    let years: Vec<u32> = filled.iter().filter_map(|(_, name)| year(name)).collect();
    let in_order = years.is_sorted_by(|one, other| one < other) || years.is_sorted_by(|one, other| one > other);
    let data: Vec<&Row> = below.iter().filter(|row| row.filled() > 1).collect();
    if filled.len() < 2 || data.is_empty() || years.len() == 1 && filled.len() == 2 || !in_order {
        return false;
    }
    // Rows wider than their names are not named by them.
    let cells = || data.iter().flat_map(|row| row.own());
    let covered = cells().filter(|(column, _)| *column < names.len()).count();
    if covered * 2 < cells().count() || filled.iter().any(|(_, name)| name.ends_with(':')) {
        return false;
    }
    let typed = filled.iter().filter(|(column, _)| is_typed_column(&data, *column)).count();
    let usual = filled.iter().filter(|(_, name)| is_usual(name)).count();
    if is_program_made(names, &data) {
        return unique(names);
    }
    if filled.len() == 2 && is_form(names, &data) {
        return false;
    }
    let rows = below.iter().filter(|row| row.filled() > 0).count();
    let contrast = typed > 0 && (filled.len() > 2 || rows > 1 || usual == 2 || !years.is_empty());
    let years_stand_over_numbers = years.is_empty() || typed * 2 >= years.len();
    let words_only = usual * 2 > filled.len() && years.is_empty();
    years_stand_over_numbers && unique(names) && (contrast || words_only)
}

fn unique(names: &[String]) -> bool {
    let filled = || names.iter().filter(|name| !name.is_empty());
    filled().collect::<HashSet<_>>().len() * 2 > filled().count()
}

/// Pairs of a label and its value, one below the other: the first pair is not a header.
fn is_form(names: &[String], data: &[&Row]) -> bool {
    let kinds: HashSet<Kind> = data.iter().map(|row| kind(row.cell(1))).collect();
    if kinds.len() > 1 && !names.iter().all(|name| is_usual(name)) {
        return true;
    }
    let labels = data.iter().filter(|row| is_usual(row.cell(0)) || row.cell(0).ends_with(':')).count();
    labels * 3 >= data.len() && !names.get(1).is_some_and(|name| is_usual(name))
}

/// Names as programs write them, `first_name`, over values as people write them.
fn is_program_made(names: &[String], data: &[&Row]) -> bool {
    let is_made = |name: &String| {
        name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') && name.len() < 40
    };
    let differs = |column: usize| {
        names[column].contains('_')
            || data.iter().any(|row| row.cell(column).starts_with(char::is_uppercase) || row.cell(column).contains(' '))
    };
    names.iter().filter(|name| !name.is_empty()).all(is_made)
        && (0..names.len()).any(|column| !names[column].is_empty() && differs(column))
}

fn is_typed_column(data: &[&Row], column: usize) -> bool {
    let cells: Vec<&str> = data.iter().map(|row| row.cell(column)).filter(|cell| !cell.is_empty()).collect();
    let typed = cells.iter().filter(|cell| is_typed(cell)).count();
    typed > 0 && typed * 10 >= cells.len() * 6
}
