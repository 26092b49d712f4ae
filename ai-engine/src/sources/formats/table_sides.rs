//! Separates tables that are side by side on a sheet.

use super::table::{Line, RowLines};
use super::table_header::{self, Row};

/// The number of rows that are examined to find tables side by side.
const SAMPLE_ROWS: usize = 20;

/// Turns the rows of a sheet into lines, table by table. Rows after a blank one may be other tables.
#[derive(Debug, Default)]
pub struct Tables {
    /// The rows that are not assigned yet.
    open: Vec<Row>,
    decided: bool,
    /// The only table of a stretch, or the leftmost.
    main: RowLines,
    /// The tables to the right of it.
    others: Vec<Other>,
}

#[derive(Debug)]
struct Other {
    /// Its first column.
    start: usize,
    rows: RowLines,
    /// Its lines, which are written when the tables to its left are complete.
    lines: Vec<Line>,
}

impl Tables {
    /// The lines that are complete after the next row.
    pub fn row(&mut self, row: Row) -> Vec<Line> {
        if row.filled() == 0 {
            return self.blank();
        }
        if self.decided {
            return self.divide(row);
        }
        self.open.push(row);
        if self.open.len() < SAMPLE_ROWS { Vec::new() } else { self.decide() }
    }

    /// The lines that are complete after a blank row or the end.
    pub fn blank(&mut self) -> Vec<Line> {
        let mut lines = self.decide();
        self.decided = false;
        lines.extend(self.main.blank());
        for mut other in std::mem::take(&mut self.others) {
            other.lines.extend(other.rows.blank());
            if let Some(first) = other.lines.first_mut() {
                first.starts = true;
            }
            lines.append(&mut other.lines);
        }
        lines
    }

    fn decide(&mut self) -> Vec<Line> {
        let rows = std::mem::take(&mut self.open);
        if rows.is_empty() {
            return Vec::new();
        }
        self.decided = true;
        let other = |start| Other { start, rows: RowLines::default(), lines: Vec::new() };
        self.others = starts(&rows).into_iter().map(other).collect();
        rows.into_iter().flat_map(|row| self.divide(row)).collect()
    }

    fn divide(&mut self, mut row: Row) -> Vec<Line> {
        for other in self.others.iter_mut().rev() {
            let own = part(&row, other.start);
            row.cells.truncate(other.start);
            other.lines.extend(other.rows.row(own));
        }
        self.main.row(row)
    }
}

/// The columns where further tables start: after an empty column, with column names of their own, like the tables to
/// their left. Forms have empty columns, too, but their rows belong together.
fn starts(rows: &[Row]) -> Vec<usize> {
    let width = rows.iter().map(|row| row.cells.len()).max().unwrap_or_default();
    let is_empty = |column: usize| rows.iter().all(|row| row.cell(column).is_empty());
    let mut starts: Vec<usize> = (1..width).filter(|column| is_empty(column - 1) && !is_empty(*column)).collect();
    starts.retain(|start| (0..*start).any(|column| !is_empty(column)));
    let ends = starts.iter().skip(1).copied().chain([width]);
    let is_table = |(start, end): (usize, usize)| {
        let mut rows: Vec<Row> = rows.iter().map(|row| part(row, start)).collect();
        for row in &mut rows {
            row.cells.truncate(end);
        }
        rows.retain(|row| row.filled() > 0);
        table_header::find(&rows).is_some()
    };
    let first = starts.first().copied().unwrap_or_default();
    let all = std::iter::once((0, first)).chain(starts.iter().copied().zip(ends)).all(is_table);
    if all { starts } else { Vec::new() }
}

/// The row without the cells before `start`; the others keep their columns.
fn part(row: &Row, start: usize) -> Row {
    let mut part = row.clone();
    part.cells.iter_mut().take(start).for_each(String::clear);
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(rows: &[&[&str]]) -> Vec<String> {
        let mut tables = Tables::default();
        let row =
            |cells: &&[&str]| Row { cells: cells.iter().map(|cell| (*cell).to_owned()).collect(), spread: Vec::new() };
        let mut lines: Vec<Line> = rows.iter().map(row).flat_map(|row| tables.row(row)).collect();
        lines.extend(tables.blank());
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn tables_side_by_side_follow_each_other() {
        let rows: &[&[&str]] = &[
            &["River", "km", "", "City", "People"],
            &["Rhine", "1233", "", "Oslo", "700000"],
            &["Elbe", "1094", "", "Bonn", "330000"],
            &["Oder", "854"],
        ];
        let expected = [
            "River | km",
            "Rhine | 1233",
            "Elbe | 1094",
            "Oder | 854",
            "City | People",
            "Oslo | 700000",
            "Bonn | 330000",
        ];
        assert_eq!(lines(rows), expected);
    }

    #[test]
    fn rows_with_a_gap_stay_whole() {
        let rows: &[&[&str]] = &[
            &["1.1", "Voltage", "", "kV", "130"],
            &["1.2", "Frequency", "", "Hz", "50"],
            &["1.3", "Phases", "", "", "3"],
        ];
        assert_eq!(lines(rows), ["1.1 | Voltage | kV | 130", "1.2 | Frequency | Hz | 50", "1.3 | Phases |  | 3"]);
    }
}
