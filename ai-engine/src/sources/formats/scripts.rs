//! Superscripts, subscripts and struck-through text: without a mark, 10⁶ would read as 106.

use std::borrow::Cow;

/// Superscript endings that mean the same on the line.
const ENDINGS: &[&str] =
    &["st", "nd", "rd", "th", "er", "re", "ème", "e", "o", "a", "os", "as", "tm", "sm", "®", "™", "©"];

/// Superscript text behind `before`.
pub fn raise(text: &str, before: &str) -> String {
    script(text, before, raised, '^')
}

/// Subscript text behind `before`.
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

/// A superscript in a formula, where nothing may lose its position.
pub fn power(sup: &str, base: &str) -> String {
    marked(sup.trim(), &raise(sup.trim(), base), '^')
}

/// A subscript in a formula.
pub fn index(sub: &str, base: &str) -> String {
    marked(sub.trim(), &lower(sub.trim(), base), '_')
}

fn marked(text: &str, changed: &str, mark: char) -> String {
    if text.is_empty() || changed != text && !changed.starts_with(mark) {
        return changed.to_owned();
    }
    format!("{mark}({text})")
}

/// The part of a formula in brackets, unless it is a single item or has brackets already.
pub fn grouped(text: &str) -> String {
    let text = text.trim();
    let one = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | ',' | '²' | '³'));
    if one || text.chars().count() < 2 || is_bracketed(text) { text.to_owned() } else { format!("({text})") }
}

/// A fraction on one line.
pub fn divided(above: &str, below: &str) -> String {
    let below = grouped(below);
    // Without brackets only the digit of `2y` would be below the line.
    let has_factors = below.starts_with(|c: char| c.is_ascii_digit()) && below.contains(char::is_alphabetic);
    let below = if has_factors { format!("({below})") } else { below };
    format!("{}/{below}", grouped(above))
}

/// The separator that keeps two parts from merging: 1 and 1/2 are not 11/2.
pub fn apart(before: &str, after: &str) -> &'static str {
    let ends = before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, ')' | ']'));
    if ends && after.starts_with(char::is_alphanumeric) { " " } else { "" }
}

/// Fractions that were typed with a superscript and a subscript, `2¹/₃`, as `2 1/3`.
pub fn typed_fractions(text: &str) -> Cow<'_, str> {
    if !text.contains(|c| ('₀'..='₉').contains(&c)) {
        return Cow::Borrowed(text);
    }
    let mut changed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['/', '⁄']) {
        let (before, after) = (&rest[..at], &rest[at..]);
        let below: String = after.chars().skip(1).map_while(|c| figure(c, lowered)).collect();
        let above: String = before.chars().rev().map_while(|c| figure(c, raised)).collect();
        if below.is_empty() || above.is_empty() {
            let (kept, next) = rest.split_at(at + after.chars().next().map_or(0, char::len_utf8));
            changed.push_str(kept);
            rest = next;
            continue;
        }
        let whole: String = before.chars().take(before.chars().count() - above.chars().count()).collect();
        let above: String = above.chars().rev().collect();
        changed.push_str(&whole);
        changed.push_str(apart(&whole, &above));
        changed.push_str(&divided(&above, &below));
        let end = after.char_indices().nth(1 + below.len()).map_or(after.len(), |(end, _)| end);
        rest = &after[end..];
    }
    Cow::Owned(changed + rest)
}

/// The digit whose superscript or subscript is `c`.
fn figure(c: char, script: fn(char) -> Option<char>) -> Option<char> {
    ('0'..='9').find(|figure| script(*figure) == Some(c))
}

/// The base of a power, in brackets if it has parts.
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

/// Struck-through text in Markdown; adjacent runs share the marks.
pub fn struck(before: &mut String, text: String) -> String {
    if text.trim().is_empty() {
        return text;
    }
    if before.ends_with("~~") {
        before.truncate(before.len() - 2);
        return format!("{text}~~");
    }
    let (start, end) = (text.len() - text.trim_start().len(), text.trim_end().len());
    format!("{}~~{}~~{}", &text[..start], &text[start..end], &text[end..])
}

/// The superscript form of the character.
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

/// The subscript form of the character.
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
        assert_eq!([divided("x", "2y"), divided("a+b", "3")], ["x/(2y)", "(a+b)/3"]);
        assert_eq!(typed_fractions("2³/₄ in, ¹⁄₂ l; 2³/4, CO₂"), "2 3/4 in, 1/2 l; 2³/4, CO₂");
        assert_eq!([lower("2", "CO"), lower("max", "v")], ["₂", "_(max)"]);
    }
}
