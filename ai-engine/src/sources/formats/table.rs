//! Formats the rows of a table as lines that can be understood on their own.

use collabry_shared::sources::FailureCode;

use super::table_columns::{Header, Places, plain};
pub use super::table_header::Row;
use super::table_header::{self, Found};
use crate::sources::builder::DocumentBuilder;

/// The number of rows that are examined to find a header.
const SAMPLE_ROWS: usize = 20;

/// A line of a table's text.
#[derive(Debug, PartialEq)]
pub struct Line {
    pub text: String,
    /// Whether it starts a section that can be understood on its own.
    pub starts: bool,
}

impl Line {
    pub fn of(text: String) -> Self {
        Self { text, starts: false }
    }

    pub fn add_to(&self, builder: &mut DocumentBuilder) -> Result<(), FailureCode> {
        if self.starts { builder.first_item(&self.text) } else { builder.item(&self.text) }
    }
}

/// Formats rows as lines `value | value` below lines of column names, so that a passage from the middle of a table
/// still tells what its values mean. Rows after a blank one may be another table.
#[derive(Debug, Default)]
pub struct RowLines {
    header: Option<Header>,
    /// The columns of a section without a header.
    places: Places,
    /// The rows of a section whose header is not decided yet.
    open: Vec<Row>,
    decided: bool,
}

impl RowLines {
    /// The lines that are complete after the next row.
    pub fn row(&mut self, row: Row) -> Vec<Line> {
        match row.filled() {
            0 => return self.blank(),
            // A title or the name of a section: what follows may be another table.
            1 if self.decided && row.cells.len() > 2 => {
                let mut lines = self.blank();
                lines.extend(plain(&row).map(Line::of));
                return lines;
            }
            _ => {}
        }
        if self.decided {
            let mut lines = Vec::new();
            self.line(&row, &mut lines);
            return lines;
        }
        self.open.push(row);
        if self.open.len() < SAMPLE_ROWS { Vec::new() } else { self.decide() }
    }

    /// The lines that are complete after a blank row or the end.
    pub fn blank(&mut self) -> Vec<Line> {
        let lines = self.decide();
        self.decided = false;
        lines
    }

    fn decide(&mut self) -> Vec<Line> {
        let rows = std::mem::take(&mut self.open);
        if rows.is_empty() {
            return Vec::new();
        }
        self.decided = true;
        let mut lines = Vec::new();
        let mut rest = rows.as_slice();
        if let Some(Found { first, rows: count, names }) = table_header::find(&rows) {
            lines.extend(rows[..first].iter().filter_map(plain).map(Line::of));
            rest = &rows[first + count..];
            let header = Header::new(&names, rest);
            lines.push(Line { text: header.line(), starts: first == 0 });
            self.header = Some(header);
        } else if !self.header.as_ref().is_some_and(|header| header.fits(&rows)) {
            self.header = None;
            self.places = Places::of(rest);
        }
        for row in rest {
            self.line(row, &mut lines);
        }
        lines
    }

    fn line(&mut self, row: &Row, lines: &mut Vec<Line>) {
        match &mut self.header {
            Some(header) => header.add(row, lines),
            None => lines.extend(self.places.line(row).map(Line::of)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(rows: &[&[&str]]) -> Vec<String> {
        let mut lines = RowLines::default();
        let row =
            |cells: &&[&str]| Row { cells: cells.iter().map(|cell| (*cell).to_owned()).collect(), spread: Vec::new() };
        let mut all: Vec<Line> = rows.iter().map(row).flat_map(|row| lines.row(row)).collect();
        all.extend(lines.blank());
        all.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn values_stand_under_the_names_of_their_columns() {
        let rows: &[&[&str]] =
            &[&["Rivers of Europe"], &[], &["River", "Length", ""], &["Rhine", "1233", "x"], &["Elbe", "", "y"]];
        assert_eq!(lines(rows), ["Rivers of Europe", "River | Length", "Rhine | 1233 | x", "Elbe |  | y"]);
    }

    #[test]
    fn a_table_without_names_stays_as_it_is() {
        assert_eq!(lines(&[&["1", "2"], &["a", "b"], &["c", "d"]]), ["1 | 2", "a | b", "c | d"]);
        assert_eq!(lines(&[&["Ann", "Oslo"], &["Bob", "Bonn"]]), ["Ann | Oslo", "Bob | Bonn"]);
        assert_eq!(lines(&[&["Company", "Mills"], &["Phone", "555 0100"]]), ["Company | Mills", "Phone | 555 0100"]);
    }

    #[test]
    fn values_without_names_keep_their_places() {
        let plan: &[&[&str]] = &[
            &["Shift plan"],
            &["Mon", "Ann", "", "Bob"],
            &["Tue", "", "", "Cid", "Dan"],
            &["Wed", "Eve", "", "", "Fay"],
        ];
        assert_eq!(lines(plan), ["Shift plan", "Mon | Ann | Bob", "Tue |  | Cid | Dan", "Wed | Eve |  | Fay"]);
        let rows: &[&[&str]] = &[&["North", "1", "", "3"], &["South", "", "2", "4"], &["West", "5", "6", ""]];
        assert_eq!(lines(rows), ["North | 1 |  | 3", "South |  | 2 | 4", "West | 5 | 6"]);
        assert_eq!(lines(&[&["", "Ann", "Bob"], &["Mon", "", "x"], &["", "", "a note"]])[2], "a note");
    }

    #[test]
    fn rows_of_little_but_gaps_do_not_grow() {
        let rows: Vec<Vec<&str>> = (1..600).map(|at| [vec![""; at], vec!["1", "2"]].concat()).collect();
        let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
        assert!(lines(&rows).concat().len() < 40_000, "{}", lines(&rows).concat().len());
    }

    #[test]
    fn years_may_stand_over_names() {
        let rows: &[&[&str]] = &[
            &["Region", "2023", "", "2024", ""],
            &["", "Q1", "Q2", "Q1", "Q2"],
            &["North", "1", "2", "3", "4"],
            &["South", "9", "10", "11", "12"],
        ];
        assert_eq!(lines(rows)[..2], ["Region | 2023 Q1 | 2023 Q2 | 2024 Q1 | 2024 Q2", "North | 1 | 2 | 3 | 4"]);
    }

    #[test]
    fn each_table_has_its_own_names() {
        let rows: &[&[&str]] = &[
            &["Product", "Stock"],
            &["Nails", "300"],
            &["Bolts", "20"],
            &[],
            &["Screws", "5"],
            &[],
            &["Employee", "Days"],
            &["Ann", "28"],
            &["Bob", "30"],
        ];
        let expected =
            ["Product | Stock", "Nails | 300", "Bolts | 20", "Screws | 5", "Employee | Days", "Ann | 28", "Bob | 30"];
        assert_eq!(lines(rows), expected);
    }

    #[test]
    fn groups_and_years_are_names_too() {
        let rows: &[&[&str]] =
            &[&["Site", "Gas", ""], &["", "kWh", "Cost"], &["Plant 1", "50", "9"], &["Plant 2", "70", "12"]];
        assert_eq!(lines(rows)[..2], ["Site | Gas kWh | Gas Cost", "Plant 1 | 50 | 9"]);
        let rows: &[&[&str]] = &[&["Region", "2022", "2023"], &["North", "10.5", "11"]];
        assert_eq!(lines(rows), ["Region | 2022 | 2023", "North | 10.5 | 11"]);
    }

    #[test]
    fn names_come_again_with_each_passage() {
        let numbers: Vec<String> = (1000..1100).map(|number| number.to_string()).collect();
        let mut rows: Vec<Vec<&str>> = vec![vec!["River", "Length in km"]];
        rows.extend(numbers.iter().map(|number| vec!["Some river", number.as_str()]));
        let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
        let lines = lines(&rows);
        assert_eq!(lines.iter().filter(|line| *line == "River | Length in km").count(), 5, "{lines:?}");
    }

    #[test]
    fn values_far_from_their_names_carry_them() {
        let names: Vec<String> = (1..=20).map(|number| format!("Measure {number}")).collect();
        let row = ["7"; 20];
        let lines = lines(&[&names.iter().map(String::as_str).collect::<Vec<_>>(), &row, &row]);
        assert!(lines[1].starts_with("Measure 1: 7; Measure 2: 7; "), "{lines:?}");
    }

    #[test]
    fn long_names_are_not_said_in_every_row() {
        let name = "a name that is far longer than what stands below it";
        let names: Vec<String> = (0..30).map(|number| format!("{name} {number}")).collect();
        let mut rows: Vec<Vec<&str>> = vec![names.iter().map(String::as_str).collect()];
        rows.extend((0..200).map(|_| vec!["1"; 30]));
        let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
        let text = lines(&rows).join("\n");
        assert!(text.len() < 60_000 && text.matches("longer").count() > 30, "{}", text.len());
    }
}
