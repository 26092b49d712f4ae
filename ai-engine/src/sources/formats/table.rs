//! Rows of a table as lines that can be understood alone.

pub use super::table_header::Row;
use super::table_header::{self, Found};

/// Rows that are looked at before a header is decided on.
const SAMPLE_ROWS: usize = 20;

/// Longer names are cut: a name is said again in each row.
const MAX_NAME_CHARS: usize = 60;

/// When names are so many times longer than the values, they are said once in so many rows.
const MAX_NAMES_SHARE: usize = 3;
const NAMES_AGAIN_AFTER: usize = 25;

/// Turns rows into lines `Column: value; Column: value`, so that a passage from the middle of a table still says what
/// its values are. Rows after a blank one may be another table.
#[derive(Debug, Default)]
pub struct RowLines {
    header: Option<Header>,
    /// Rows of a stretch that is not decided on.
    open: Vec<Row>,
    decided: bool,
}

#[derive(Debug)]
struct Header {
    names: Vec<String>,
    /// In how many rows the names are said together instead of each with its value.
    unnamed: Option<usize>,
}

impl RowLines {
    /// The lines that are known after the next row.
    pub fn row(&mut self, row: Row) -> Vec<String> {
        match row.filled() {
            0 => return self.blank(),
            // A title or the name of a section: what follows may be another table.
            1 if self.decided && row.cells.len() > 2 => {
                let mut lines = self.blank();
                lines.extend(plain(&row));
                return lines;
            }
            _ => {}
        }
        if self.decided {
            return self.line(&row).into_iter().collect();
        }
        self.open.push(row);
        if self.open.len() < SAMPLE_ROWS { Vec::new() } else { self.decide() }
    }

    /// The lines that are known when a blank row, or the end, has come.
    pub fn blank(&mut self) -> Vec<String> {
        let lines = self.decide();
        self.decided = false;
        lines
    }

    fn decide(&mut self) -> Vec<String> {
        let rows = std::mem::take(&mut self.open);
        if rows.is_empty() {
            return Vec::new();
        }
        self.decided = true;
        let mut lines = Vec::new();
        let mut rest = rows.as_slice();
        if let Some(Found { first, rows: count, names }) = table_header::find(&rows) {
            lines.extend(rows[..first].iter().filter_map(plain));
            rest = &rows[first + count..];
            let names: Vec<String> = names.iter().map(|name| cut(name)).collect();
            lines.push(joined(names.iter().map(String::as_str)));
            let unnamed = is_too_long(&names, rest).then_some(0);
            self.header = Some(Header { names, unnamed });
        } else if !self.header.as_ref().is_some_and(|header| fits(header, &rows)) {
            self.header = None;
        }
        for row in rest {
            lines.extend(self.line(row));
        }
        lines
    }

    fn line(&mut self, row: &Row) -> Option<String> {
        match &mut self.header {
            None => plain(row),
            Some(Header { names, unnamed: Some(count) }) => {
                *count += 1;
                let line = plain(row)?;
                let again = *count % NAMES_AGAIN_AFTER == 0;
                Some(if again { format!("{}\n{line}", joined(names.iter().map(String::as_str))) } else { line })
            }
            Some(Header { names, .. }) => Some(labelled(names, row)).filter(|line| !line.is_empty()),
        }
    }
}

/// Whether rows after a blank one go on with the table before it.
fn fits(header: &Header, rows: &[Row]) -> bool {
    let width = header.names.len();
    let is_alike = |row: &Row| row.own().all(|(column, _)| column < width && !header.names[column].is_empty());
    let has_numbers = |row: &Row| row.own().any(|(_, cell)| cell.starts_with(|c: char| c.is_ascii_digit()));
    rows.iter().all(|row| is_alike(row) && (row.filled() * 2 > width || row.filled() < 2))
        && rows.iter().any(has_numbers)
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

fn plain(row: &Row) -> Option<String> {
    let line = joined(row.own().map(|(_, cell)| cell));
    (!line.is_empty()).then_some(line)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(rows: &[&[&str]]) -> Vec<String> {
        let mut lines = RowLines::default();
        let row =
            |cells: &&[&str]| Row { cells: cells.iter().map(|cell| (*cell).to_owned()).collect(), spread: Vec::new() };
        let mut all: Vec<String> = rows.iter().map(row).flat_map(|row| lines.row(row)).collect();
        all.extend(lines.blank());
        all
    }

    #[test]
    fn values_carry_the_names_of_their_columns() {
        let rows: &[&[&str]] =
            &[&["Rivers of Europe"], &[], &["River", "Length", ""], &["Rhine", "1233", "x"], &["Elbe", "", ""]];
        assert_eq!(lines(rows), ["Rivers of Europe", "River | Length", "River: Rhine; Length: 1233; x", "River: Elbe"]);
    }

    #[test]
    fn a_table_without_names_stays_as_it_is() {
        assert_eq!(lines(&[&["1", "2"], &["a", "b"], &["c", "d"]]), ["1 | 2", "a | b", "c | d"]);
        assert_eq!(lines(&[&["Ann", "Oslo"], &["Bob", "Bonn"]]), ["Ann | Oslo", "Bob | Bonn"]);
        assert_eq!(lines(&[&["Company", "Mills"], &["Phone", "555 0100"]]), ["Company | Mills", "Phone | 555 0100"]);
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
        let expected = [
            "Product | Stock",
            "Product: Nails; Stock: 300",
            "Product: Bolts; Stock: 20",
            "Product: Screws; Stock: 5",
            "Employee | Days",
            "Employee: Ann; Days: 28",
            "Employee: Bob; Days: 30",
        ];
        assert_eq!(lines(rows), expected);
    }

    #[test]
    fn groups_and_years_are_names_too() {
        let rows: &[&[&str]] =
            &[&["Site", "Gas", ""], &["", "kWh", "Cost"], &["Plant 1", "50", "9"], &["Plant 2", "70", "12"]];
        assert_eq!(lines(rows)[..2], ["Site | Gas kWh | Gas Cost", "Site: Plant 1; Gas kWh: 50; Gas Cost: 9"]);
        let rows: &[&[&str]] = &[&["Region", "2022", "2023"], &["North", "10.5", "11"]];
        assert_eq!(lines(rows), ["Region | 2022 | 2023", "Region: North; 2022: 10.5; 2023: 11"]);
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
