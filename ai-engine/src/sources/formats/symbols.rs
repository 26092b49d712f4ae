//! Characters of old symbol fonts, which have symbols where other fonts have letters.

/// What the font shows at `code`: its own place, or the same place among the characters for private use.
pub fn symbol(font: &str, code: u32) -> Option<char> {
    let place = if (0xF020..=0xF0FF).contains(&code) { code - 0xF000 } else { code };
    let font = font.to_lowercase();
    let known = if font.starts_with("symbol") {
        greek_and_math(place)
    } else if font.starts_with("wingdings") || font.starts_with("webdings") {
        dingbat(&font, place)
    } else {
        None
    };
    let is_private = (0xE000..=0xF8FF).contains(&code);
    known.or_else(|| char::from_u32(code).filter(|_| !is_private))
}

/// Text that was typed in such a font; in others it is what it is.
pub fn typed(font: &str, text: &str) -> Option<String> {
    let lower = font.to_lowercase();
    let is_known = ["symbol", "wingdings", "webdings"].iter().any(|known| lower.starts_with(known));
    let sign = |c: char| if c > ' ' { symbol(font, u32::from(c)).unwrap_or(c) } else { c };
    is_known.then(|| text.chars().map(sign).collect())
}

/// The most common symbols if the font is unknown: bullets and ticks.
pub fn private(c: char) -> Option<char> {
    Some(match c {
        '\u{f0b7}' => '•',
        '\u{f0a7}' => '▪',
        '\u{f0d8}' => '➢',
        '\u{f0fc}' => '✓',
        '\u{f0fe}' => '☑',
        '\u{f0a8}' | '\u{f06f}' => '☐',
        '\u{f0e0}' => '→',
        _ => return None,
    })
}

/// Adobe's Symbol encoding.
fn greek_and_math(place: u32) -> Option<char> {
    const FROM_A: &str = "ΑΒΧ∆ΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλµνοπθρστυϖωξψζ{|}∼";
    const FROM_A1: &str = "ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑";
    match place {
        0x22 => Some('∀'),
        0x24 => Some('∃'),
        0x27 => Some('∋'),
        0x2A => Some('∗'),
        0x2D => Some('−'),
        0x40 => Some('≅'),
        0x20..=0x3F => char::from_u32(place),
        0x41..=0x7E => FROM_A.chars().nth((place - 0x41) as usize),
        0xA0 => Some('€'),
        0xA1..=0xE5 => FROM_A1.chars().nth((place - 0xA1) as usize),
        0xF2 => Some('∫'),
        _ => None,
    }
}

fn dingbat(font: &str, place: u32) -> Option<char> {
    if font.starts_with("wingdings 2") {
        return Some(match place {
            0x50 => '✓',
            0x4F => '✗',
            0x52 => '☑',
            0x51 | 0x53 | 0x54 => '☒',
            0xA3 | 0x2A => '☐',
            _ => return None,
        });
    }
    if font.starts_with("webdings") {
        return Some(match place {
            0x61 => '✓',
            0x72 => '✗',
            0x63 => '☐',
            0x67 => '■',
            _ => return None,
        });
    }
    Some(match place {
        0xFC => '✓',
        0xFB => '✗',
        0xFE => '☑',
        0xFD | 0x78 => '☒',
        0xA8 | 0x6F | 0x71 | 0x72 => '☐',
        0xA7 => '▪',
        0x6E => '■',
        0x6C => '●',
        0xA1 => '○',
        0xD8 => '➢',
        0x76 => '❖',
        0xE0 | 0xE8 | 0xF0 => '→',
        0xDF | 0xE7 | 0xEF => '←',
        0x4A => '☺',
        0x4C => '☹',
        0x28 => '☎',
        0x2A => '✉',
        0x46 => '☞',
        0x81..=0x8A => char::from_u32('①' as u32 + place - 0x81)?,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{symbol, typed};

    #[test]
    fn signs_are_known_by_font() {
        let signs = [0xF0B0, 0xF0B1, 0xF0A3, 0xF06D, 0xF0E5, 0xF0D6].map(|code| symbol("Symbol", code).unwrap());
        assert_eq!(signs, ['°', '±', '≤', 'µ', '∑', '√']);
        assert_eq!(symbol("Wingdings", 0xFC), Some('✓'));
        assert_eq!(symbol("Arial", 0x263A), Some('☺'));
        assert_eq!(symbol("Arial", 0xF0B0), None);
        assert_eq!(typed("Symbol", "5 mm").as_deref(), Some("5 µµ"));
        assert_eq!(typed("Wingdings", "\u{fe}\u{a8}xo").as_deref(), Some("☑☐☒☐"));
        assert_eq!(typed("Arial", "m"), None);
    }
}
