//! The formats of the cells that charts show, for charts whose own copy of the values has none.

use std::collections::HashMap;

use calamine::Xlsx;

use super::archive::{Archive, Container};
use super::chart;

/// The most charts that are examined, and their references.
const MAX_CHARTS: usize = 500;
const MAX_REFERENCES: usize = 2_000;

/// The most cells of a sheet that are examined.
const MAX_CELLS: usize = 2_000_000;

/// Formats by the reference to their cells, as charts write it: `Sheet1!$A$2:$A$9`.
pub type Formats = HashMap<String, String>;

/// A rectangle of cells: rows and columns from 0, both ends included.
struct Range {
    rows: (u32, u32),
    columns: (u32, u32),
}

impl Range {
    fn holds(&self, (row, column): (u32, u32)) -> bool {
        (self.rows.0..=self.rows.1).contains(&row) && (self.columns.0..=self.columns.1).contains(&column)
    }
}

/// The formats that are missing in the workbook's charts. A sheet that cannot be read is ignored.
pub fn formats(archive: &mut Archive, workbook: &mut Xlsx<Container>) -> Formats {
    let mut sought: HashMap<String, Vec<(Range, String)>> = HashMap::new();
    for reference in lacking(archive) {
        if let Some((sheet, range)) = parsed(&reference) {
            sought.entry(sheet).or_default().push((range, reference));
        }
    }
    let mut formats = Formats::new();
    for (sheet, ranges) in sought {
        let _ = of_sheet(workbook, &sheet, ranges, &mut formats);
    }
    formats
}

fn lacking(archive: &mut Archive) -> Vec<String> {
    let is_chart = |name: &str| name.contains("charts/chart") && name.strip_suffix(".xml").is_some();
    let charts: Vec<String> =
        archive.names().filter(|name| is_chart(name)).take(MAX_CHARTS).map(std::borrow::Cow::into_owned).collect();
    let mut references = Vec::new();
    for name in charts {
        let xml = archive.text(&name).ok().flatten().unwrap_or_default();
        references.extend(chart::without_format(&xml).unwrap_or_default());
        references.truncate(MAX_REFERENCES);
    }
    references.sort();
    references.dedup();
    references
}

/// The format of the first cell in each of the ranges that has one.
fn of_sheet(
    workbook: &mut Xlsx<Container>,
    sheet: &str,
    mut ranges: Vec<(Range, String)>,
    formats: &mut Formats,
) -> Option<()> {
    let mut cells = workbook.worksheet_cells_reader(sheet).ok()?;
    let of_style = |style: &calamine::Style| style.number_format.as_ref().map(|format| format.format_code.clone());
    let codes: Vec<Option<String>> = cells.styles().iter().map(of_style).collect();
    for _ in 0..MAX_CELLS {
        let (cell, style) = cells.next_cell_with_style_id().ok()??;
        let Some(code) = codes.get(style).and_then(Option::as_ref).filter(|code| !chart::is_general(code)) else {
            continue;
        };
        let position = cell.get_position();
        ranges.retain(|(range, reference)| {
            let is_found = range.holds(position);
            if is_found {
                formats.insert(reference.clone(), code.clone());
            }
            !is_found
        });
        if ranges.is_empty() {
            break;
        }
    }
    Some(())
}

/// Sheet and cells of a reference; the first, if it is to several.
fn parsed(reference: &str) -> Option<(String, Range)> {
    let reference = reference.trim().trim_start_matches('(');
    let (sheet, rest) = if let Some(quoted) = reference.strip_prefix('\'') {
        let end = quoted.replace("''", "\0\0").find('\'')?;
        (quoted[..end].replace("''", "'"), quoted[end + 1..].strip_prefix('!')?)
    } else {
        let (sheet, rest) = reference.split_once('!')?;
        (sheet.to_owned(), rest)
    };
    let cells = rest.split([',', ')']).next()?;
    let (first, last) = cells.split_once(':').unwrap_or((cells, cells));
    let (first, last) = (position(first)?, position(last)?);
    let range = Range { rows: (first.0, last.0), columns: (first.1, last.1) };
    Some((sheet, range))
}

/// Row and column of `$B$12`.
fn position(cell: &str) -> Option<(u32, u32)> {
    let cell = cell.replace('$', "");
    let digits = cell.find(|c: char| c.is_ascii_digit())?;
    let (letters, row) = cell.split_at(digits);
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    let column = letters.chars().try_fold(0, |column, c| {
        c.is_ascii_alphabetic().then(|| column * 26 + u32::from(c.to_ascii_uppercase()) - u32::from('A') + 1)
    })?;
    Some((row.parse::<u32>().ok()?.checked_sub(1)?, column - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read() {
        let parts = |reference| parsed(reference).map(|(sheet, range)| (sheet, range.rows, range.columns));
        assert_eq!(parts("Data!$A$2:$A$9"), Some(("Data".to_owned(), (1, 8), (0, 0))));
        assert_eq!(parts("'Bob''s, old'!AB3"), Some(("Bob's, old".to_owned(), (2, 2), (27, 27))));
        assert_eq!(parts("(Data!$A$2,Data!$A$4)"), Some(("Data".to_owned(), (1, 1), (0, 0))));
        assert_eq!([parts("Dates"), parts("Book!Dates"), parts("'Data'A1")], [None, None, None]);
    }
}
