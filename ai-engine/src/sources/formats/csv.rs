//! Tables as text.

use collabry_shared::sources::FailureCode;
use csv::{Reader, ReaderBuilder};

use super::table::RowLines;
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
    for row in reader(&text, delimiter(&text)).records() {
        let row = row.map_err(|_| FailureCode::Damaged)?;
        let cells: Vec<String> = row.iter().map(one_line).collect();
        if let Some(line) = lines.line(&cells) {
            builder.item(&line)?;
        }
    }
    builder.finish()
}

fn reader(text: &str, delimiter: u8) -> Reader<&[u8]> {
    ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes())
}

/// The delimiter that cuts most rows into the same number of fields, more than one.
fn delimiter(text: &str) -> u8 {
    let score = |delimiter: u8| {
        let widths: Vec<usize> =
            reader(text, delimiter).records().take(SAMPLE_ROWS).filter_map(Result::ok).map(|row| row.len()).collect();
        let first = widths.first().copied().unwrap_or_default();
        let agreeing = widths.iter().filter(|width| **width == first).count();
        if first > 1 { (agreeing * 100 / widths.len(), first) } else { (0, first) }
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
    }
}
