//! Old-style formulas, `EQ \f(5,8)`: fields that Word computes when it shows them.

use super::docx_math::Formula;
use super::scripts::{divided, grouped, index, power};

/// Deeper formulas lose their structure.
const MAX_DEPTH: usize = 40;

/// The text of a field code that is a formula.
pub fn formula(code: &str) -> Option<Formula> {
    let code = code.trim();
    let rest = code.get(..2).filter(|name| name.eq_ignore_ascii_case("eq")).map(|_| code[2..].trim())?;
    let text = written(&mut rest.chars().peekable(), 0, false).concat();
    let text = text.trim();
    let is_fraction = rest.starts_with("\\f") || rest.starts_with("\\F");
    (!text.is_empty()).then(|| Formula::new(text.to_owned(), is_fraction, text.contains('/')))
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// The arguments up to the closing bracket; without one, the rest as a single argument.
fn written(chars: &mut Chars<'_>, depth: usize, in_brackets: bool) -> Vec<String> {
    let mut arguments = vec![String::new()];
    while let Some(c) = chars.next() {
        let text = match c {
            ')' if in_brackets => break,
            ',' | ';' if in_brackets => {
                arguments.push(String::new());
                continue;
            }
            '(' if in_brackets && depth < MAX_DEPTH => format!("({})", written(chars, depth + 1, true).join(",")),
            '\\' => match chars.peek() {
                Some(next) if next.is_ascii_alphabetic() && depth < MAX_DEPTH => switch(chars, depth),
                _ => chars.next().map(String::from).unwrap_or_default(),
            },
            c => c.to_string(),
        };
        if let Some(last) = arguments.last_mut() {
            last.push_str(&text);
        }
    }
    arguments
}

/// A switch with its options and its arguments.
fn switch(chars: &mut Chars<'_>, depth: usize) -> String {
    let mut names: Vec<String> = vec![word(chars)];
    loop {
        match chars.peek() {
            Some(' ') => drop(chars.next()),
            Some('\\') => {
                chars.next();
                names.push(word(chars));
            }
            Some('(') => break,
            _ => return String::new(),
        }
    }
    chars.next();
    let arguments = written(chars, depth + 1, true);
    let part = |place: usize| arguments.get(place).map_or("", |text| text.trim());
    match names[0].as_str() {
        "f" => divided(part(0), part(1)),
        "r" if arguments.len() > 1 && !matches!(part(0), "" | "2") => {
            format!("{}√{}", power(part(0), "x"), grouped(part(1)))
        }
        "r" => format!("√{}", grouped(arguments.last().map_or("", |text| text.trim()))),
        "s" if names.iter().any(|name| name == "up") => power(part(0), "x"),
        "s" if names.iter().any(|name| name == "do") => index(part(0), "x"),
        "b" => format!("({})", arguments.join(",")),
        _ => arguments.concat(),
    }
}

/// Letters, without the number behind them.
fn word(chars: &mut Chars<'_>) -> String {
    let mut name = String::new();
    while let Some(c) = chars.next_if(char::is_ascii_alphanumeric) {
        if c.is_ascii_alphabetic() {
            name.push(c.to_ascii_lowercase());
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_written_on_a_line() {
        let text = |code| {
            formula(code).map(|formula| {
                let mut text = "1".to_owned();
                formula.add_to(&mut text);
                text
            })
        };
        assert_eq!(text("EQ \\f(5,8)").as_deref(), Some("1 5/8"));
        assert_eq!(text(" eq \\r(3;a+b)").as_deref(), Some("1³√(a+b)"));
        assert_eq!(text("EQ x\\s\\up4(2)+\\f(a\\,b,\\r(,c))").as_deref(), Some("1x²+a,b/(√c)"));
        assert_eq!(text("PAGE \\* MERGEFORMAT"), None);
    }
}
