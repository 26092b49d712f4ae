//! Rows of a table as lines that can be understood alone.

/// Rows at the top that may come before the one that names the columns: a title, a date.
const MAX_PREAMBLE_ROWS: usize = 5;

/// Turns rows into lines `Column: value; Column: value`, so that a passage from the middle of a table still says what
/// its values are.
#[derive(Debug, Default)]
pub struct RowLines {
    header: Option<Vec<String>>,
    rows_before: usize,
}

impl RowLines {
    /// The line of the next row; `None` when it is blank.
    pub fn line(&mut self, cells: &[String]) -> Option<String> {
        let filled = cells.iter().filter(|cell| !cell.is_empty()).count();
        if filled == 0 {
            return None;
        }
        if let Some(header) = &self.header {
            return Some(labelled(header, cells));
        }
        if self.rows_before < MAX_PREAMBLE_ROWS && filled > 1 && names_columns(cells) {
            self.header = Some(cells.to_vec());
        } else if filled > 1 {
            self.rows_before = MAX_PREAMBLE_ROWS;
        }
        self.rows_before += 1;
        Some(cells.iter().filter(|cell| !cell.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" | "))
    }
}

/// Names are words; a number or date among them means that this is a row of data.
fn names_columns(cells: &[String]) -> bool {
    cells.iter().filter(|cell| !cell.is_empty()).all(|cell| cell.chars().any(char::is_alphabetic))
}

fn labelled(header: &[String], cells: &[String]) -> String {
    let mut line = String::new();
    for (column, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
        if !line.is_empty() {
            line.push_str("; ");
        }
        if let Some(name) = header.get(column).filter(|name| !name.is_empty()) {
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
        rows.iter()
            .filter_map(|row| lines.line(&row.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>()))
            .collect()
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
    }
}
