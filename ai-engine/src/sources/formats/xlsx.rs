//! Workbooks: each sheet a page, each row a line.

use std::fs::File;
use std::io::BufReader;

use calamine::{Data, ExcelDateTime, Reader as _, SheetType, Xlsx, XlsxError};
use collabry_shared::sources::{FailureCode, Unread};

use super::Input;
use super::archive::Archive;
use super::table::RowLines;
use crate::sources::builder::{DocumentBuilder, one_line};
use crate::sources::document::Document;

/// Spreadsheets end at column XFD; a row is kept only as wide as its last filled cell.
const MAX_COLUMNS: u32 = 16_384;

type Workbook = Xlsx<BufReader<File>>;

pub fn read(input: &Input<'_>) -> Result<Document, FailureCode> {
    let mut archive = Archive::open(input.path)?;
    archive.check_all()?;
    archive.main_part("xl/workbook.xml")?;
    let mut workbook: Workbook = calamine::open_workbook(input.path).map_err(|error: XlsxError| code(&error))?;
    let sheets: Vec<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .map(|sheet| sheet.name.clone())
        .collect();
    input.check_pages(sheets.len())?;
    let mut builder = input.builder();
    let mut has_rows = false;
    for name in &sheets {
        builder.page();
        has_rows |= read_sheet(&mut workbook, name, &mut builder)?;
    }
    if has_rows { builder.finish().map(|document| with_omitted(document, &archive)) } else { Err(FailureCode::NoText) }
}

/// Which sheet they are on is three links away; that they are there matters.
fn with_omitted(mut document: Document, archive: &Archive) -> Document {
    for name in archive.names() {
        let what = match name.rsplit_once('/') {
            Some(("xl/charts", file)) if file.starts_with("chart") => Unread::Charts,
            Some(("xl/diagrams", file)) if file.starts_with("data") => Unread::Diagrams,
            Some(("xl/media", _)) => Unread::Pictures,
            Some(("xl/embeddings", _)) => Unread::EmbeddedFiles,
            _ => continue,
        };
        document.omit(what, None);
    }
    document
}

/// Cell by cell, because two far corners would make a grid of billions. Returns whether there was any row.
fn read_sheet(workbook: &mut Workbook, name: &str, builder: &mut DocumentBuilder) -> Result<bool, FailureCode> {
    let mut cells = workbook.worksheet_cells_reader(name).map_err(|error| code(&error))?;
    let mut rows = RowLines::default();
    let mut row: Vec<String> = Vec::new();
    let (mut current, mut any) = (0, false);
    loop {
        let cell = cells.next_cell().map_err(|error| code(&error))?;
        let position = cell.as_ref().map(calamine::Cell::get_position);
        if position.is_none_or(|(line, _)| line != current) {
            if let Some(line) = rows.line(&row) {
                if !any {
                    builder.heading(1, name)?;
                    any = true;
                }
                builder.item(&line)?;
            }
            row.clear();
        }
        let (Some(cell), Some((line, column))) = (cell, position) else {
            return Ok(any);
        };
        current = line;
        let text = shown(&Data::from(cell.get_value().clone()));
        if !text.is_empty() && column < MAX_COLUMNS {
            let column = column as usize;
            row.resize(row.len().max(column + 1), String::new());
            row[column] = text;
        }
    }
}

/// A value about as the program shows it.
fn shown(value: &Data) -> String {
    match value {
        Data::Empty => String::new(),
        Data::String(text) => one_line(text),
        Data::Float(number) => shown_number(*number),
        Data::Int(number) => number.to_string(),
        Data::Bool(true) => "yes".to_owned(),
        Data::Bool(false) => "no".to_owned(),
        Data::DateTime(moment) => shown_moment(*moment),
        Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Error(error) => error.to_string(),
    }
}

/// 15 significant digits, like the program: 0.1 + 0.2 is 0.3.
fn shown_number(number: f64) -> String {
    format!("{number:.14e}").parse::<f64>().unwrap_or(number).to_string()
}

fn shown_moment(moment: ExcelDateTime) -> String {
    if moment.is_duration() {
        return format!("{} h", shown_number(moment.as_f64() * 24.0));
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    // A serial below one has no date, a whole one no time of day.
    match (moment.as_f64() < 1.0, time == "00:00:00") {
        (true, _) => time,
        (false, true) => date,
        (false, false) => format!("{date} {time}"),
    }
}

fn code(error: &XlsxError) -> FailureCode {
    match error {
        XlsxError::Password => FailureCode::Encrypted,
        _ => FailureCode::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::shown_number;

    #[test]
    fn numbers_are_shown_as_people_know_them() {
        assert_eq!(shown_number(3.0), "3");
        assert_eq!(shown_number(0.1 + 0.2), "0.3");
        assert_eq!(shown_number(-1.5e6), "-1500000");
    }
}
