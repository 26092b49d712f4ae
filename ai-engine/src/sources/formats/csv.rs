//! Tables as text.

use collabry_shared::sources::FailureCode;
use csv::{Reader, ReaderBuilder};

use super::table::{Row, RowLines};
use super::{Input, text};
use crate::sources::builder::one_line;
use crate::sources::document::Document;

const DELIMITERS: &[u8] = b",;\t|";

/// Rows that are looked at to find the delimiter.
const SAMPLE_ROWS: usize = 50;

pub fn read(input: &Input<'_>) -> Result<Document, FailureCode> {
    let text = text::decoded(input)?;
    let mut builder = input.builder();
    let mut lines = RowLines::default();
    let mut end = 0;
    for row in reader(&text, delimiter(&text)).records() {
        let row = row.map_err(|_| FailureCode::Damaged)?;
        // Lines without anything come with no record.
        let start = row.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(end);
        if text.get(start..).is_some_and(|rest| rest.starts_with('\n')) {
            for line in lines.blank() {
                line.add_to(&mut builder)?;
            }
        }
        end = start;
        let cells: Vec<String> = row.iter().map(one_line).collect();
        for line in lines.row(Row { cells, spread: Vec::new() }) {
            line.add_to(&mut builder)?;
        }
    }
    for line in lines.blank() {
        line.add_to(&mut builder)?;
    }
    builder.finish()
}

fn reader(text: &str, delimiter: u8) -> Reader<&[u8]> {
    ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes())
}

/// The delimiter that cuts most rows into the same number of fields, more than one. Titles above the table do not
/// count against it, and a comma inside of numbers is not one between them.
fn delimiter(text: &str) -> u8 {
    let score = |delimiter: u8| {
        let widths: Vec<usize> =
            reader(text, delimiter).records().take(SAMPLE_ROWS).filter_map(Result::ok).map(|row| row.len()).collect();
        let cut = widths.iter().copied().filter(|width| *width > 1);
        let Some(usual) =
            cut.clone().max_by_key(|width| (widths.iter().filter(|other| *other == width).count(), *width))
        else {
            return (0, 0);
        };
        let agreeing = widths.iter().filter(|width| **width == usual).count();
        // Of the names that stand in the first row that is cut, none is split by a delimiter of records.
        let first = cut.clone().next() == Some(usual);
        (agreeing * 100 / widths.len() + if first { 50 } else { 0 }, usual)
    };
    // The first of equals: a comma.
    DELIMITERS.iter().rev().copied().max_by_key(|delimiter| score(*delimiter)).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::delimiter;

    #[test]
    fn the_delimiter_is_found() {
        assert_eq!(delimiter("a,b\n1,2\n"), b',');
        assert_eq!(delimiter("name;price\nx;1,5\ny;2,5\n"), b';');
        assert_eq!(delimiter("a\tb, c\nd\te\n"), b'\t');
        assert_eq!(delimiter("\"a;b\",c\n\"d;e;f\",g\n"), b',');
        assert_eq!(delimiter("one\ntwo\n"), b',');
        assert_eq!(delimiter("Account of May\n\nDate;Payee;Sum\n2024;Mills;-1,50\n2024;Water;-3,10\n"), b';');
    }
}
