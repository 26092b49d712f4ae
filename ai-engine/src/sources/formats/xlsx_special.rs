//! Numbers with special formats: fractions, powers of ten, durations, months.

use std::fmt::Write as _;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `2 3/8` in the format `# ?/?`, `1.23E+06` in `0.00E+00`; `None` for other formats.
pub fn number(number: f64, section: &str) -> Option<String> {
    if section.contains(['"', '[', '@', 'y', 'd', 'h']) {
        return None;
    }
    match section.find(['/', 'E']) {
        Some(at) if section[at..].starts_with('/') => fraction(number, section, at),
        Some(at) => power(number, section, at),
        None => None,
    }
}

fn fraction(number: f64, section: &str, at: usize) -> Option<String> {
    let is_place = |c: &char| matches!(c, '?' | '#' | '0');
    let below: String = section[at + 1..].chars().take_while(|c| is_place(c) || c.is_ascii_digit()).collect();
    let above = section[..at].chars().rev().take_while(is_place).count();
    let has_whole = section[..at].chars().rev().skip(above).any(|c| is_place(&c));
    if above == 0 || below.is_empty() {
        return None;
    }
    let size = number.abs();
    let whole = if has_whole { size.trunc() } else { 0.0 };
    let (count, of) = match below.parse::<u32>() {
        // A row of zeros is a placeholder as well.
        Ok(of) if of > 0 => (((size - whole) * f64::from(of)).round(), of),
        _ => nearest(size - whole, 10u32.checked_pow(u32::try_from(below.len()).ok()?.min(4))?),
    };
    let (whole, count) = if has_whole && count >= f64::from(of) { (whole + 1.0, 0.0) } else { (whole, count) };
    let sign = if number < 0.0 && whole + count > 0.0 { "-" } else { "" };
    Some(match (whole > 0.0, count > 0.0) {
        (_, false) => format!("{sign}{whole:.0}"),
        (false, true) => format!("{sign}{count:.0}/{of}"),
        (true, true) => format!("{sign}{whole:.0} {count:.0}/{of}"),
    })
}

/// The nearest fraction with a denominator below `limit`; on a tie the first one.
fn nearest(part: f64, limit: u32) -> (f64, u32) {
    let error = |of: u32| ((part * f64::from(of)).round() / f64::from(of) - part).abs();
    let of = (1..limit).fold(1, |best, of| if error(of) + 1e-12 < error(best) { of } else { best });
    ((part * f64::from(of)).round(), of)
}

fn power(number: f64, section: &str, at: usize) -> Option<String> {
    let is_place = |c: char| matches!(c, '0' | '#' | '?');
    let exponent = &section[at + 1..];
    let (always_signed, places) = match exponent.chars().next()? {
        '+' => (true, &exponent[1..]),
        '-' => (false, &exponent[1..]),
        _ => return None,
    };
    let (whole, decimals) = section[..at].split_once('.').unwrap_or((&section[..at], ""));
    if !whole.chars().chain(decimals.chars()).chain(places.chars()).all(is_place) || places.is_empty() {
        return None;
    }
    // `##0.0E+0` has exponents of three, six and so on.
    let step = i32::try_from(whole.len().max(1)).ok()?;
    let digits = decimals.len();
    let mut exponent = if number == 0.0 { 0 } else { scale(number.abs()).div_euclid(step) * step };
    let shown = |exponent: i32| format!("{:.digits$}", number / 10f64.powi(exponent));
    if shown(exponent)
        .trim_start_matches('-')
        .split('.')
        .next()
        .is_some_and(|whole| whole.len() > step.unsigned_abs() as usize)
    {
        exponent += step;
    }
    let sign = if exponent < 0 {
        "-"
    } else if always_signed {
        "+"
    } else {
        ""
    };
    Some(format!("{}E{sign}{:0width$}", shown(exponent), exponent.abs(), width = places.len()))
}

/// The power of ten of a number's first digit.
fn scale(number: f64) -> i32 {
    format!("{number:e}").split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0)
}

/// A duration in days as `[h]:mm` and similar formats show it.
pub fn duration(days: f64, code: &str) -> Option<String> {
    let section = code.split(';').next()?.to_lowercase();
    let whole = (days.abs() * 86_400.0).round();
    #[expect(clippy::cast_possible_truncation, reason = "cut off at the largest")]
    let seconds = whole as i64;
    let (mut text, mut chars) = (String::new(), section.chars().peekable());
    // Smaller units do not repeat what the largest one contains.
    let mut left = seconds;
    while let Some(c) = chars.next() {
        let unit = |c| match c {
            'h' => Some(3600),
            'm' => Some(60),
            's' => Some(1),
            _ => None,
        };
        match c {
            '[' => {
                let inside: String = chars.by_ref().take_while(|c| *c != ']').collect();
                let unit = inside.chars().next().and_then(unit)?;
                write!(text, "{:0width$}", left / unit, width = inside.len()).ok()?;
                left %= unit;
            }
            'h' | 'm' | 's' => {
                let mut width = 1;
                while chars.next_if_eq(&c).is_some() {
                    width += 1;
                }
                let unit = unit(c)?;
                write!(text, "{:0width$}", left / unit).ok()?;
                left %= unit;
            }
            '"' => text.extend(chars.by_ref().take_while(|c| *c != '"')),
            '\\' => text.extend(chars.next()),
            '_' | '*' => drop(chars.next()),
            // Fractions of a second are rounded.
            '.' => while chars.next_if_eq(&'0').is_some() {},
            '@' => {}
            c => text.push(c),
        }
    }
    let text = text.trim().to_owned();
    (!text.is_empty()).then(|| if days < 0.0 && seconds > 0 { format!("-{text}") } else { text })
}

/// A month or a year as a format without days shows it: `Jan-24`.
pub fn month(year: u16, month: u8, code: &str) -> Option<String> {
    let mut section = String::new();
    let mut chars = code.split(';').next()?.chars();
    while let Some(c) = chars.next() {
        // A language, `[$-409]`.
        if c == '[' {
            chars.by_ref().find(|c| *c == ']');
        } else {
            section.extend(c.to_lowercase());
        }
    }
    if !section.contains('y') || section.contains(['d', 'h', 's']) {
        return None;
    }
    let name = MONTHS.get(usize::from(month.checked_sub(1)?))?;
    let (mut text, mut chars) = (String::new(), section.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            'y' | 'm' => {
                let mut count = 1;
                while chars.next_if_eq(&c).is_some() {
                    count += 1;
                }
                match (c, count) {
                    ('y', 1 | 2) => write!(text, "{:02}", year % 100).ok()?,
                    ('y', _) => text.push_str(&year.to_string()),
                    (_, 1) => text.push_str(&month.to_string()),
                    (_, 2) => write!(text, "{month:02}").ok()?,
                    (_, 3) => text.push_str(&name[..3]),
                    (_, 5) => text.push_str(&name[..1]),
                    _ => text.push_str(name),
                }
            }
            '"' => text.extend(chars.by_ref().take_while(|c| *c != '"')),
            '\\' => text.extend(chars.next()),
            '@' => {}
            '_' | '*' => drop(chars.next()),
            c => text.push(c),
        }
    }
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_and_powers() {
        let shown = |value, code| number(value, code).unwrap_or_default();
        assert_eq!(shown(2.375, "# ?/?"), "2 3/8");
        assert_eq!(shown(-0.333_333, "# ?/?"), "-1/3");
        assert_eq!(shown(1.98, "# ?/?"), "2");
        assert_eq!(shown(5.312_5, "# ??/??"), "5 5/16");
        assert_eq!(shown(1.5, "# ?/8"), "1 4/8");
        assert_eq!(shown(1.5, "?/?"), "3/2");
        assert_eq!(shown(1_234_567.0, "0.00E+00"), "1.23E+06");
        assert_eq!(shown(0.000_45, "0.0E+0"), "4.5E-4");
        assert_eq!(shown(12_345.0, "##0.0E+0"), "12.3E+3");
        assert_eq!(shown(9.999, "0.0E+00"), "1.0E+01");
        assert_eq!(number(1.5, "yyyy/mm"), None);
    }

    #[test]
    fn lengths_of_time_and_months() {
        let hours = |hours: f64, code| duration(hours / 24.0, code).unwrap_or_default();
        assert_eq!(hours(30.25, "[h]:mm"), "30:15");
        assert_eq!(hours(30.25, "[h]:mm:ss"), "30:15:00");
        assert_eq!(hours(1.5, "[mm]:ss"), "90:00");
        assert_eq!(hours(-2.0, "[hh]:mm;@"), "-02:00");
        assert_eq!(month(2024, 1, "mmm-yy").as_deref(), Some("Jan-24"));
        assert_eq!(month(2024, 3, "[$-409]mmmm\\ yyyy;@").as_deref(), Some("March 2024"));
        assert_eq!(month(2024, 3, "dd/mm/yyyy"), None);
    }
}
