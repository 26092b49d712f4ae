//! The kinds of values in a table.

/// Years and dates in a row of names.
const YEARS: std::ops::RangeInclusive<u32> = 1800..=2200;

/// The kind of a value: the values of one column look alike.
#[derive(PartialEq, Eq, Hash)]
pub enum Kind {
    Number,
    Date,
    Address,
    Words,
}

pub fn kind(cell: &str) -> Kind {
    let marks = cell.matches(['-', '.', '/', ':']).count();
    let is_number = |c: char| c.is_numeric() || matches!(c, '.' | ',' | '-' | '+' | '%' | '(' | ')' | '\'');
    match cell {
        _ if cell.contains('@') || cell.starts_with("http") => Kind::Address,
        _ if marks > 1 && cell.chars().filter(char::is_ascii_digit).count() > 4 => Kind::Date,
        "" | "-" | "–" | "n/a" | "N/A" => Kind::Number,
        _ if is_typed(cell) && cell.split(' ').any(|part| part.chars().all(is_number)) && !cell.starts_with('+') => {
            // Groups of digits are a telephone's or an account's number.
            let groups = cell.split(' ').filter(|part| part.chars().all(is_number)).count();
            if groups > 1 && !cell.split(' ').skip(1).all(|part| part.len() == 3) { Kind::Words } else { Kind::Number }
        }
        _ if is_typed(cell) && !cell.starts_with('+') => Kind::Number,
        _ => Kind::Words,
    }
}

/// A number, date, amount, address or yes and no: what hardly names a column.
pub fn is_typed(cell: &str) -> bool {
    let (digits, letters) = digits_and_letters(cell);
    let is_address = cell.contains('@') || cell.starts_with("http");
    digits > 0 && letters <= digits
        || is_address
        || is_month(cell)
        || matches!(cell, "yes" | "no" | "true" | "false" | "TRUE" | "FALSE")
}

/// `Jan-24`, `March 2024`.
fn is_month(cell: &str) -> bool {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let Some((name, year)) = cell.split_once(['-', ' ']) else { return false };
    let is_year = matches!(year.len(), 2 | 4) && year.chars().all(|c| c.is_ascii_digit());
    is_year && name.get(..3).is_some_and(|start| MONTHS.contains(&start.to_lowercase().as_str())) && name.len() < 10
}

pub fn is_wordy(cell: &str) -> bool {
    let (digits, letters) = digits_and_letters(cell);
    letters > 0 && (letters >= digits || cell.starts_with(char::is_alphabetic)) && !cell.contains('@')
}

fn digits_and_letters(cell: &str) -> (usize, usize) {
    cell.chars().fold((0, 0), |(digits, letters), c| {
        (digits + usize::from(c.is_numeric()), letters + usize::from(c.is_alphabetic()))
    })
}

/// The year or date of a cell as a number that grows with it.
pub fn year(cell: &str) -> Option<u32> {
    let digits: String = cell.chars().filter(char::is_ascii_digit).collect();
    let is_plain = cell.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '/'));
    if !is_plain || !matches!(digits.len(), 4 | 6 | 8) {
        return None;
    }
    digits.get(..4)?.parse().ok().filter(|year| YEARS.contains(year))?;
    format!("{digits:0<8}").parse().ok()
}
