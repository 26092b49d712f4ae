//! CSV: tables as text.

use collabry_shared::sources::FailureCode;
use csv::{Reader, ReaderBuilder, StringRecord};

use super::table::{Row, RowLines};
use super::{Input, csv_quotes, text};
use crate::sources::builder::one_line;
use crate::sources::document::Document;

const DELIMITERS: &[u8] = b",;\t|";

/// The number of rows that are examined to find the delimiter.
const SAMPLE_ROWS: usize = 50;

pub fn read(input: &Input<'_>) -> Result<Document, FailureCode> {
    let text = text::decoded(input)?;
    let mut builder = input.builder();
    let mut lines = RowLines::default();
    let mut end = 0;
    let (delimiter, text) = marked(&text).unwrap_or_else(|| (delimiter(&text), &text));
    let text = csv_quotes::mended(text, delimiter);
    for row in reader(&text, delimiter).records() {
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

/// The delimiter in a first line `sep=;` for Excel, and the text below it.
fn marked(text: &str) -> Option<(u8, &str)> {
    let (line, rest) = text.split_once('\n')?;
    let line = line.trim_end_matches('\r').trim_matches('"');
    let mark = line.get(..4).filter(|mark| mark.eq_ignore_ascii_case("sep="))?;
    match &line.as_bytes()[mark.len()..] {
        [delimiter] => Some((*delimiter, rest)),
        _ => None,
    }
}

fn reader(text: &str, delimiter: u8) -> Reader<&[u8]> {
    ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes())
}

/// The delimiter that cuts most rows into the same number of fields, more than one. Titles above the table do not
/// count against it, and a comma inside of numbers is not one between them.
fn delimiter(text: &str) -> u8 {
    let score = |delimiter: u8| {
        let widths: Vec<usize> =
            reader(text, delimiter).records().take(SAMPLE_ROWS).filter_map(Result::ok).map(|row| width(&row)).collect();
        let cut = widths.iter().copied().filter(|width| *width > 1);
        let is_within_numbers = delimiter == b',' && is_decimal(text);
        let Some(usual) =
            cut.clone().max_by_key(|width| (widths.iter().filter(|other| *other == width).count(), *width))
        else {
            return (0, false, 0);
        };
        let agreeing = widths.iter().filter(|width| **width == usual).count();
        // A delimiter of records splits none of the names in the first row that is cut.
        let first = cut.clone().next() == Some(usual);
        (agreeing * 100 / widths.len() + if first { 50 } else { 0 }, !is_within_numbers, usual)
    };
    // On a tie the first one wins: a comma.
    DELIMITERS.iter().rev().copied().max_by_key(|delimiter| score(*delimiter)).unwrap_or(b',')
}

/// Whether all commas of the first rows are between two digits, as in `1,5`.
fn is_decimal(text: &str) -> bool {
    let sample = text.lines().take(SAMPLE_ROWS).collect::<Vec<_>>().join("\n");
    let digit_at = |at: Option<usize>| at.and_then(|at| sample.as_bytes().get(at)).is_some_and(u8::is_ascii_digit);
    sample.match_indices(',').all(|(at, _)| digit_at(at.checked_sub(1)) && digit_at(Some(at + 1)))
}

/// Spreadsheets pad a title with as many delimiters as a row has; these do not count.
fn width(row: &StringRecord) -> usize {
    let is_title = row.iter().skip(1).all(str::is_empty);
    if is_title { 1 } else { row.len() }
}

#[cfg(test)]
mod tests {
    use super::{delimiter, marked};

    #[test]
    fn the_delimiter_is_found() {
        assert_eq!(delimiter("a,b\n1,2\n"), b',');
        assert_eq!(delimiter("name;price\nx;1,5\ny;2,5\n"), b';');
        assert_eq!(delimiter("a\tb, c\nd\te\n"), b'\t');
        assert_eq!(delimiter("\"a;b\",c\n\"d;e;f\",g\n"), b',');
        assert_eq!(delimiter("one\ntwo\n"), b',');
        assert_eq!(delimiter("A;1,5;2,5\nB;3,5;4,5\n"), b';');
        assert_eq!(delimiter("1,5\n2,6\n"), b',');
        assert_eq!(delimiter("Account of May\n\nDate;Payee;Sum\n2024;Mills;-1,50\n2024;Water;-3,10\n"), b';');
    }

    #[test]
    fn what_stands_above_the_table_does_not_choose_the_delimiter() {
        let period = "Report;;;\nPeriod: 1.1., 2.1., 3.1.;;;\n";
        let rows = "Datum;Text;Betrag\n01.01.;Miete, Strom;-12,00\n02.01.;Lohn;3,50\n";
        assert_eq!(delimiter(&format!("{period}{rows}")), b';');
        assert_eq!(delimiter("Item,Note\na,\nb,\nc,\nd,x;y\n"), b',');
        assert_eq!(marked("sep=;\na;b,c\n"), Some((b';', "a;b,c\n")));
        assert_eq!(marked("\"SEP=\t\"\r\na"), Some((b'\t', "a")));
        assert_eq!(marked("sepia,1\n"), None);
    }
}
