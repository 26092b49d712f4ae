//! Tables of documents and slides as rows, with each value in its own column even if cells are merged.

use super::scripts;

/// The separator between the cells of a row.
pub const CELL_SEPARATOR: &str = " | ";

/// No table has more columns.
const MAX_SPAN: usize = 60;

/// A merged cell over more columns than this is written in the first one only.
const MAX_SAID_AGAIN: usize = 4;

/// A table that is being read. Tables can be nested.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<String>,
    row: Vec<Cell>,
    cell: Cell,
    /// The values of cells that span rows, by column.
    above: Vec<String>,
}

#[derive(Debug)]
struct Cell {
    text: String,
    span: usize,
    /// `Some(true)` starts a cell that spans rows, `Some(false)` continues it.
    reaches_down: Option<bool>,
    is_covered: bool,
}

impl Default for Cell {
    fn default() -> Self {
        Self { text: String::new(), span: 1, reaches_down: None, is_covered: false }
    }
}

impl Table {
    pub fn push(&mut self, text: &str) {
        self.cell.text.push(' ');
        self.cell.text.push_str(text);
    }

    pub fn span(&mut self, columns: Option<usize>) {
        self.cell.span = columns.unwrap_or(1).clamp(1, MAX_SPAN);
    }

    pub fn reaches_down(&mut self, begins: bool) {
        self.cell.reaches_down = Some(begins);
    }

    /// Columns that the row leaves out.
    pub fn skip(&mut self, columns: Option<usize>) {
        let columns = columns.unwrap_or_default().min(MAX_SPAN);
        self.row.extend((0..columns).map(|_| Cell::default()));
    }

    /// Slides have a separate cell for each column that a merged cell covers.
    pub fn is_covered(&mut self, covered: bool) {
        self.cell.is_covered = covered;
    }

    pub fn end_cell(&mut self) {
        let cell = std::mem::take(&mut self.cell);
        if !cell.is_covered {
            self.row.push(cell);
        }
    }

    pub fn end_row(&mut self) {
        let cells = std::mem::take(&mut self.row);
        // A title over the whole table is written once.
        let is_alone = cells.iter().filter(|cell| !cell.text.trim().is_empty()).count() == 1;
        let mut row: Vec<String> = Vec::new();
        for cell in cells {
            let column = row.len();
            let own = without_bars(&cell.text);
            self.above.resize(self.above.len().max(column + cell.span), String::new());
            let text = match cell.reaches_down {
                Some(false) if own.is_empty() => self.above[column].clone(),
                _ => own,
            };
            let kept = if cell.reaches_down.is_some() { text.clone() } else { String::new() };
            for column in column..column + cell.span {
                self.above[column].clone_from(&kept);
            }
            let again = if is_alone || cell.span > MAX_SAID_AGAIN { String::new() } else { text.clone() };
            row.push(text);
            row.extend(std::iter::repeat_n(again, cell.span - 1));
        }
        if row.iter().any(|cell| !cell.is_empty()) {
            self.rows.push(row.join(CELL_SEPARATOR).trim_end_matches([' ', '|']).to_owned());
        }
    }

    pub fn into_text(self) -> String {
        self.rows.join("\n")
    }
}

/// The text of a cell on one line; a bar in it would look like the end of the cell.
fn without_bars(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().map(|word| if word == "|" { "/" } else { word }).collect();
    words.join(" ")
}

/// The vertical position of a run of text.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Stand {
    #[default]
    On,
    Above,
    Below,
}

impl Stand {
    pub fn of(value: Option<&str>) -> Self {
        match value {
            Some("superscript") => Self::Above,
            Some("subscript") => Self::Below,
            _ => Self::On,
        }
    }

    /// The text as it reads behind `before`.
    pub fn applied(self, text: &str, before: &str) -> String {
        match self {
            Self::On => text.to_owned(),
            Self::Above => scripts::raise(text, before),
            Self::Below => scripts::lower(text, before),
        }
    }
}
