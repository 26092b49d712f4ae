//! Converts lines from visual order to reading order: right to left where the letters are.

use unicode_normalization::UnicodeNormalization as _;

/// The line in reading order, without presentation forms.
pub fn logical(seen: &str) -> String {
    let seen: String = seen.chars().filter(|c| !is_mark_of_direction(*c)).collect();
    if !seen.contains(is_right_to_left) {
        return plain(&seen);
    }
    let (right, left) = (seen.chars().filter(|c| is_right_to_left(*c)), seen.chars().filter(|c| is_left_to_right(*c)));
    let chars: Vec<char> = seen.chars().collect();
    let ordered = if right.count() >= left.count() {
        let mut turned: Vec<char> = chars.into_iter().rev().collect();
        // Latin words and numbers in between still run from left to right.
        turn_runs(&mut turned, |c| is_left_to_right(c) || c.is_numeric(), is_right_to_left, Brackets::Outside);
        turned
    } else {
        let mut turned = chars;
        turn_runs(&mut turned, is_right_to_left, is_left_to_right, Brackets::Inside);
        turned
    };
    let text: String = ordered.into_iter().collect();
    with_ligatures(&plain(&text))
}

/// Mirrors brackets in text from right to left.
#[derive(Clone, Copy, PartialEq)]
enum Brackets {
    Inside,
    Outside,
}

/// Reverses the ranges that start and end with a character of `inside` and contain none of `outside`.
fn turn_runs(chars: &mut [char], inside: impl Fn(char) -> bool, outside: impl Fn(char) -> bool, brackets: Brackets) {
    let mut start = 0;
    while start < chars.len() {
        if !inside(chars[start]) {
            if brackets == Brackets::Outside {
                chars[start] = mirrored(chars[start]);
            }
            start += 1;
            continue;
        }
        let reach = chars[start..].iter().position(|c| outside(*c)).unwrap_or(chars.len() - start);
        let length = chars[start..start + reach].iter().rposition(|c| inside(*c)).map_or(1, |last| last + 1);
        let run = &mut chars[start..start + length];
        run.reverse();
        if brackets == Brackets::Inside {
            for c in run.iter_mut() {
                *c = mirrored(*c);
            }
        }
        start += length;
    }
}

fn mirrored(c: char) -> char {
    match c {
        '(' => ')',
        ')' => '(',
        '[' => ']',
        ']' => '[',
        '{' => '}',
        '}' => '{',
        '<' => '>',
        '>' => '<',
        '«' => '»',
        '»' => '«',
        _ => c,
    }
}

/// The letters of the ligature lam-alef arrive in reading order while all around them are in visual order, so they are
/// reversed once too often. Two alefs never follow each other, which reveals most cases.
fn with_ligatures(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut mended = chars.clone();
    for at in 0..chars.len().saturating_sub(2) {
        if chars[at] == 'ا' && matches!(chars[at + 1], 'ا' | 'أ' | 'إ' | 'آ') && chars[at + 2] == 'ل' {
            mended.swap(at + 1, at + 2);
        }
    }
    mended.into_iter().collect()
}

/// `ﬁ`, `ﻻ` and their like as letters.
fn plain(text: &str) -> String {
    if !text.contains(is_presentation_form) {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if is_presentation_form(c) { plain.extend(std::iter::once(c).nfkc()) } else { plain.push(c) }
    }
    plain
}

fn is_presentation_form(c: char) -> bool {
    matches!(c, '\u{fb00}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

fn is_mark_of_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

pub fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{65f}' | '\u{66a}'..='\u{6ef}' | '\u{6fa}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}'
        | '\u{fe70}'..='\u{fefc}')
}

fn is_left_to_right(c: char) -> bool {
    c.is_alphabetic() && !is_right_to_left(c)
}

#[cfg(test)]
mod tests {
    use super::logical;

    #[test]
    fn lines_are_put_into_reading_order() {
        assert_eq!(logical("םלוע םולש"), "שלום עולם");
        assert_eq!(logical("(12) םלוע ABC םולש"), "שלום ABC עולם (12)");
        assert_eq!(logical("The word םולש םלוע ends"), "The word עולם שלום ends");
        assert_eq!(logical("oﬀice ﬁnally"), "office finally");
        assert_eq!(logical("ةيجاتنلإا"), "الإنتاجية");
        assert_eq!(logical("\u{202a}plain\u{202c}"), "plain");
    }
}
