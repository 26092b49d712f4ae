//! Workbooks: each sheet a page, each row a line.

use std::collections::{BTreeSet, HashMap};

use calamine::{DataRef, Reader as _, SheetType, Style, Xlsx, XlsxError};
use collabry_shared::sources::{FailureCode, Unread};

use super::archive::{Archive, Container, Relationship};
use super::table::Line;
use super::table_sides::Tables;
use super::xlsx_plain::struck;
use super::xlsx_rows::{Finished, Merged, Rows, shown};
use super::{Input, drawing, symbols, xlsx_charted, xlsx_extras, xlsx_plain};
use crate::sources::builder::{DocumentBuilder, one_line};
use crate::sources::document::Document;

type Workbook = Xlsx<Container>;

pub fn read(input: &Input<'_>) -> Result<Document, FailureCode> {
    let mut archive = Archive::open(input.path)?;
    let (mut has_unknown_values, mut not_plain) = (false, BTreeSet::new());
    archive.check_all(|part, bytes| {
        has_unknown_values = has_unknown_values || is_formula_without_value(part, bytes);
        if !not_plain.contains(part) && xlsx_plain::is_sought(part, bytes) {
            not_plain.insert(part.to_owned());
        }
    })?;
    let part = archive.main_part("xl/workbook.xml")?;
    let container = xlsx_plain::container(input.path, &not_plain)?;
    let mut workbook: Workbook = Xlsx::new(container).map_err(|error: XlsxError| code(&error))?;
    // Other kinds of sheets contain macros.
    let sheets: Vec<(String, SheetType)> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| matches!(sheet.typ, SheetType::WorkSheet | SheetType::ChartSheet | SheetType::DialogSheet))
        .map(|sheet| (sheet.name.clone(), sheet.typ))
        .collect();
    input.check_pages(sheets.len())?;
    let mut builder = input.builder();
    // A second archive, because all parts count against its unpacking limit.
    let mut extras = Archive::open(input.path)?;
    let parts = xlsx_extras::sheet_parts(&mut extras, &part).unwrap_or_default();
    let formats = xlsx_charted::formats(&mut extras, &mut workbook);
    let mut has_text = false;
    for (name, kind) in &sheets {
        builder.page();
        let has_rows =
            *kind == SheetType::WorkSheet && read_sheet(&mut workbook, name, has_unknown_values, &mut builder)?;
        has_text |= has_rows;
        let mut is_headed = has_rows;
        let texts = parts.get(name).map(|part| xlsx_extras::texts(&mut extras, part, &formats).unwrap_or_default());
        for text in texts.unwrap_or_default() {
            if !is_headed {
                builder.heading(1, name)?;
                is_headed = true;
            }
            builder.block(&text)?;
            has_text = true;
        }
    }
    if has_text {
        builder.finish().map(|document| with_omitted(document, &mut extras))
    } else {
        Err(FailureCode::NoText)
    }
}

/// Whether a part contains a cell with a formula and no value. If so, sheets are read a second time.
fn is_formula_without_value(part: &str, bytes: &[u8]) -> bool {
    const ENDS: [&[u8]; 4] = [b"</f></c>", b"</f><v></v></c>", b"</f><v/></c>", b"</f><v /></c>"];
    part.contains("worksheets/") && ENDS.iter().any(|end| bytes.windows(end.len()).any(|window| window == *end))
}

/// Finding their sheet takes three links; what matters is that they exist.
fn with_omitted(mut document: Document, archive: &mut Archive) -> Document {
    let names: Vec<String> = archive.names().map(std::borrow::Cow::into_owned).collect();
    for target in names {
        let (what, kind) = match target.rsplit_once('/') {
            Some(("xl/charts", file)) if file.starts_with("chart") => (Unread::Charts, "chart"),
            Some(("xl/diagrams", file)) if file.starts_with("data") => (Unread::Diagrams, "diagramData"),
            Some(("xl/media", _)) => (Unread::Pictures, "image"),
            Some(("xl/embeddings", _)) => (Unread::EmbeddedFiles, "package"),
            _ => continue,
        };
        let link = Relationship { kind: kind.to_owned(), target };
        if !matches!(drawing::linked(archive, &link), Ok(Some(_))) {
            document.omit(what, None);
        }
    }
    document
}

/// Cell by cell, because two far corners would make a grid of billions. Returns whether there was any row.
fn read_sheet(
    workbook: &mut Workbook,
    name: &str,
    has_unknown_values: bool,
    builder: &mut DocumentBuilder,
) -> Result<bool, FailureCode> {
    let formulas = if has_unknown_values { formulas(workbook, name)? } else { HashMap::new() };
    // A sheet is readable without them.
    let merged = workbook.merge_cells_by_sheet_name(name).unwrap_or_default();
    let mut cells = workbook.worksheet_cells_reader(name).map_err(|error| code(&error))?;
    let looks: Vec<Look> = cells.styles().iter().map(Look::of).collect();
    let mut rows = Rows::new(Merged::new(merged));
    let mut sheet = Sheet { name, builder, lines: Tables::default(), last: None };
    let plain = Look::default();
    loop {
        let (cell, style) = match cells.next_cell_with_style_id() {
            Ok(Some(cell)) => cell,
            Ok(None) => break,
            Err(error) if is_of_one_cell(&error) => continue,
            Err(error) => return Err(code(&error)),
        };
        let position = cell.get_position();
        let look = looks.get(style).unwrap_or(&plain);
        let text = match (cell.get_value(), formulas.get(&position)) {
            (DataRef::Empty, Some(formula)) => format!("={formula}"),
            (value, _) => look.text_of(value),
        };
        if let Some(finished) = rows.cell(position, text) {
            sheet.add(finished)?;
        }
    }
    if let Some(finished) = rows.finish() {
        sheet.add(finished)?;
    }
    sheet.end()
}

/// Collects a sheet's lines for the document.
struct Sheet<'a> {
    name: &'a str,
    builder: &'a mut DocumentBuilder,
    lines: Tables,
    last: Option<u32>,
}

impl Sheet<'_> {
    fn add(&mut self, Finished { row, number }: Finished) -> Result<(), FailureCode> {
        match self.last {
            None => self.builder.heading(1, self.name)?,
            Some(last) if last + 1 < number => {
                let lines = self.lines.blank();
                self.write(&lines)?;
            }
            Some(_) => {}
        }
        self.last = Some(number);
        let lines = self.lines.row(row);
        self.write(&lines)
    }

    fn end(mut self) -> Result<bool, FailureCode> {
        let lines = self.lines.blank();
        self.write(&lines)?;
        Ok(self.last.is_some())
    }

    fn write(&mut self, lines: &[Line]) -> Result<(), FailureCode> {
        lines.iter().try_for_each(|line| line.add_to(self.builder))
    }
}

/// What the style of a cell means for its text.
#[derive(Debug, Default)]
struct Look {
    format: Option<String>,
    font: Option<String>,
    is_struck: bool,
}

impl Look {
    fn of(style: &Style) -> Self {
        Self {
            format: style.number_format.as_ref().map(|format| format.format_code.clone()),
            font: style.font.as_ref().and_then(|font| font.name.clone()),
            is_struck: style.font.as_ref().is_some_and(|font| font.strikethrough),
        }
    }

    fn text_of(&self, value: &DataRef<'_>) -> String {
        let text = shown(value, self.format.as_deref());
        let is_text = matches!(value, DataRef::String(_) | DataRef::SharedString(_));
        let sign = || self.font.as_deref().filter(|_| is_text).and_then(|font| symbols::typed(font, &text));
        let text = sign().unwrap_or(text);
        if self.is_struck { struck(&text) } else { text }
    }
}

/// Whether the error is about a single cell, so that reading can continue with the next.
fn is_of_one_cell(error: &XlsxError) -> bool {
    matches!(
        error,
        XlsxError::CellError(_)
            | XlsxError::CellTAttribute(_)
            | XlsxError::ParseFloat(_)
            | XlsxError::ParseInt(_)
            | XlsxError::Unexpected(_)
            | XlsxError::UnexpectedNode(_)
            | XlsxError::Unrecognized { .. }
            | XlsxError::Alphanumeric(_)
            | XlsxError::NumericColumn(_)
            | XlsxError::RangeWithoutColumnComponent
            | XlsxError::RangeWithoutRowComponent
    )
}

/// The formulas whose values are missing in the file.
fn formulas(workbook: &mut Workbook, name: &str) -> Result<HashMap<(u32, u32), String>, FailureCode> {
    let mut formulas = HashMap::new();
    let mut cells = workbook.worksheet_cells_reader(name).map_err(|error| code(&error))?;
    loop {
        let cell = match cells.next_cell_with_formula() {
            Ok(Some(cell)) => cell,
            Ok(None) => break,
            Err(error) if is_of_one_cell(&error) => continue,
            Err(error) => return Err(code(&error)),
        };
        if let (DataRef::Empty, Some(formula)) = (cell.value, cell.formula) {
            formulas.insert(cell.pos, one_line(&formula));
        }
    }
    Ok(formulas)
}

fn code(error: &XlsxError) -> FailureCode {
    match error {
        XlsxError::Password => FailureCode::Encrypted,
        _ => FailureCode::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_look_of_a_cell_is_a_part_of_what_it_says() {
        let look = |font: &str, is_struck| Look { font: Some(font.to_owned()), is_struck, ..Look::default() };
        assert_eq!(look("Wingdings", false).text_of(&DataRef::SharedString("ü")), "✓");
        assert_eq!(look("Symbol", false).text_of(&DataRef::String("³ 5".to_owned())), "≥ 5");
        assert_eq!(look("Symbol", false).text_of(&DataRef::Float(5.0)), "5");
        assert_eq!(look("Calibri", true).text_of(&DataRef::Float(50.0)), "~~50~~");
        assert_eq!(look("Calibri", true).text_of(&DataRef::Empty), "");
    }
}
