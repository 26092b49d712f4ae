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
        assert_eq!([lower("2", "CO"), lower("max", "v")], ["₂", "_(max)"]);
    }
}
