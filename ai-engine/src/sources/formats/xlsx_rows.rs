//! The rows of a sheet, with merged cells filled in.

use std::collections::HashMap;

use calamine::{Data, DataRef, Dimensions, ExcelDateTime};

use super::table::Row;
use super::{xlsx_format, xlsx_special};
use crate::sources::builder::one_line;

/// Spreadsheets end at column XFD; a row is kept only as wide as its last filled cell.
const MAX_COLUMNS: u32 = 16_384;

/// Merged cells over more columns than this are decoration.
const MAX_SPREAD: u32 = 100;

/// The merged cells of a sheet, by their first row.
#[derive(Debug, Default)]
pub struct Merged {
    beginning: HashMap<u32, Vec<Dimensions>>,
    /// The merged cells that span rows to come, with their values.
    open: Vec<(Dimensions, String)>,
}

impl Merged {
    pub fn new(regions: Vec<Dimensions>) -> Self {
        let mut merged = Self::default();
        for region in regions {
            merged.beginning.entry(region.start.0).or_default().push(region);
        }
        merged
    }

    /// Fills the row with the values of the merged cells that reach into it.
    fn fill(&mut self, number: u32, row: &mut Row) {
        self.open.retain(|(region, _)| region.end.0 >= number);
        if row.cells.iter().all(String::is_empty) {
            return;
        }
        for (region, value) in &self.open {
            // Below its first row a merged cell repeats its value, because the row belongs to it.
            put(row, region.start.1, value, false);
            spread(row, region, value);
        }
        for region in self.beginning.remove(&number).unwrap_or_default() {
            let value = row.cell(region.start.1 as usize).to_owned();
            if value.is_empty() {
                continue;
            }
            spread(row, &region, &value);
            if region.end.0 > number {
                self.open.push((region, value));
            }
        }
    }
}

fn spread(row: &mut Row, region: &Dimensions, value: &str) {
    if region.end.1 - region.start.1 <= MAX_SPREAD {
        for column in region.start.1 + 1..=region.end.1 {
            put(row, column, value, true);
        }
    }
}

fn put(row: &mut Row, column: u32, value: &str, is_spread: bool) {
    let column = column.min(MAX_COLUMNS) as usize;
    if row.cells.len() <= column {
        row.cells.resize(column + 1, String::new());
    }
    if row.cells[column].is_empty() {
        value.clone_into(&mut row.cells[column]);
        if is_spread {
            row.spread.resize(row.spread.len().max(column + 1), false);
            row.spread[column] = true;
        }
    }
}

/// Collects cells into rows.
#[derive(Debug, Default)]
pub struct Rows {
    merged: Merged,
    current: u32,
    row: Row,
}

/// A finished row, and whether rows without any value come between it and the one before.
#[derive(Debug)]
pub struct Finished {
    pub row: Row,
    pub number: u32,
}

impl Rows {
    pub fn new(merged: Merged) -> Self {
        Self { merged, ..Self::default() }
    }

    /// Adds a cell; the row before is finished when this one is of another.
    pub fn cell(&mut self, (line, column): (u32, u32), text: String) -> Option<Finished> {
        let finished = if line == self.current { None } else { self.finish() };
        self.current = line;
        if !text.is_empty() && column < MAX_COLUMNS {
            let column = column as usize;
            self.row.cells.resize(self.row.cells.len().max(column + 1), String::new());
            self.row.cells[column] = text;
        }
        finished
    }

    pub fn finish(&mut self) -> Option<Finished> {
        let mut row = std::mem::take(&mut self.row);
        self.merged.fill(self.current, &mut row);
        (row.filled() > 0).then_some(Finished { row, number: self.current })
    }
}

/// A value as Excel shows it.
pub fn shown(value: &DataRef<'_>, format: Option<&str>) -> String {
    if let (DataRef::Float(number), Some(format)) = (value, format)
        && let Some(text) = xlsx_format::shown(*number, format)
    {
        return text;
    }
    match Data::from(value.clone()) {
        Data::Empty => String::new(),
        Data::String(text) => one_line(&text),
        Data::Float(number) => shown_number(number),
        Data::Int(number) => number.to_string(),
        Data::Bool(true) => "yes".to_owned(),
        Data::Bool(false) => "no".to_owned(),
        Data::DateTime(moment) => shown_moment(moment, format.unwrap_or_default()),
        Data::DateTimeIso(text) | Data::DurationIso(text) => text,
        Data::Error(error) => error.to_string(),
    }
}

/// 15 significant digits, like Excel: 0.1 + 0.2 is 0.3.
fn shown_number(number: f64) -> String {
    format!("{number:.14e}").parse::<f64>().unwrap_or(number).to_string()
}

pub fn shown_moment(moment: ExcelDateTime, format: &str) -> String {
    if moment.is_duration() {
        let hours = || format!("{} h", shown_number(moment.as_f64() * 24.0));
        return xlsx_special::duration(moment.as_f64(), format).unwrap_or_else(hours);
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    if let Some(text) = xlsx_special::month(year, month, format) {
        return text;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    // A serial number below one has no date, and a whole number has no time of day.
    match (moment.as_f64() < 1.0, time == "00:00:00") {
        (true, _) => time,
        (false, true) => date,
        (false, false) => format!("{date} {time}"),
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
