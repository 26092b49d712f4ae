//! Raised and lowered text: without a sign that it is, 10⁶ reads as 106.

/// Raised endings that say the same on the line.
const ENDINGS: &[&str] =
    &["st", "nd", "rd", "th", "er", "re", "ème", "e", "o", "a", "os", "as", "tm", "sm", "®", "™", "©"];

/// Text that stands raised behind `before`.
pub fn raise(text: &str, before: &str) -> String {
    script(text, before, raised, '^')
}

/// Text that stands lowered behind `before`.
pub fn lower(text: &str, before: &str) -> String {
    script(text, before, lowered, '_')
}

fn script(text: &str, before: &str, sign: fn(char) -> Option<char>, mark: char) -> String {
    let inner = text.trim();
    if inner.is_empty() {
        return text.to_owned();
    }
    if let Some(signs) = inner.chars().map(sign).collect::<Option<String>>() {
        return text.replacen(inner, &signs, 1);
    }
    let is_attached = before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, ')' | ']' | '∑' | '∏' | '∫'));
    let is_ending = ENDINGS.contains(&inner.to_lowercase().as_str());
    if !is_attached || is_ending || inner.starts_with(['[', '(']) || inner.chars().count() > 24 {
        return text.to_owned();
    }
    let marked = if inner.chars().count() == 1 { format!("{mark}{inner}") } else { format!("{mark}({inner})") };
    text.replacen(inner, &marked, 1)
}

/// What stands above in a formula, where nothing may be left flat.
pub fn power(sup: &str, base: &str) -> String {
    marked(sup.trim(), &raise(sup.trim(), base), '^')
}

/// What stands below in a formula.
pub fn index(sub: &str, base: &str) -> String {
    marked(sub.trim(), &lower(sub.trim(), base), '_')
}

fn marked(text: &str, changed: &str, mark: char) -> String {
    if text.is_empty() || changed != text && !changed.starts_with(mark) {
        return changed.to_owned();
    }
    format!("{mark}({text})")
}

/// The part of a formula in brackets, unless it is one thing or has them.
pub fn grouped(text: &str) -> String {
    let text = text.trim();
    let one = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | ',' | '²' | '³'));
    if one || text.chars().count() < 2 || is_bracketed(text) { text.to_owned() } else { format!("({text})") }
}

/// What is raised to a power, in brackets when it has parts.
pub fn based(text: &str) -> String {
    let text = text.trim();
    let has_parts = text.contains(['+', '-', '−', '/', '·', '×', '=', ' ']);
    if has_parts && !is_bracketed(text) { format!("({text})") } else { text.to_owned() }
}

/// Whether the first bracket is closed by the last one.
fn is_bracketed(text: &str) -> bool {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at > 0 && at + c.len_utf8() == text.len();
        }
    }
    false
}

/// The character as it is written above the line.
pub fn raised(c: char) -> Option<char> {
    Some(match c {
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        '9' => '⁹',
        '+' => '⁺',
        '-' | '−' | '–' => '⁻',
        '=' => '⁼',
        '(' => '⁽',
        ')' => '⁾',
        'n' => 'ⁿ',
        'i' => 'ⁱ',
        _ => return None,
    })
}

/// The character as it is written below the line.
pub fn lowered(c: char) -> Option<char> {
    Some(match c {
        '0'..='9' => char::from_u32('₀' as u32 + (c as u32 - '0' as u32))?,
        '+' => '₊',
        '-' | '−' | '–' => '₋',
        '=' => '₌',
        '(' => '₍',
        ')' => '₎',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_apart_from_what_they_follow() {
        assert_eq!(
            [raise("6", "10"), raise("-4", "10"), raise("th", "4"), raise("k+1", "2")],
            ["⁶", "⁻⁴", "th", "^(k+1)"]
        );
        assert_eq!([power("k", "x"), power("2", "v"), power("n-k", "a")], ["^(k)", "²", "^(n-k)"]);
        assert_eq!(
            [based("a/b"), based("(a)"), grouped("(a)+(b)"), grouped("(a+b)")],
            ["(a/b)", "(a)", "((a)+(b))", "(a+b)"]
        );
        assert_eq!([lower("2", "CO"), lower("max", "v")], ["₂", "_(max)"]);
    }
}
