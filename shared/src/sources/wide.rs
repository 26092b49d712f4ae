//! UTF-16 and UTF-32 without a mark, which zeros give away.

/// Characters that are looked at.
const SAMPLE_CHARS: usize = 20_000;

/// The mark of UTF-32 begins, little end first, like that of UTF-16.
pub fn is_utf_32(bytes: &[u8]) -> bool {
    bytes.len().is_multiple_of(4) && (bytes.starts_with(&[0xFF, 0xFE, 0, 0]) || bytes.starts_with(&[0, 0, 0xFE, 0xFF]))
}

/// What follows a mark of UTF-16, as far as it is there.
pub fn marked(bytes: &[u8]) -> Option<String> {
    let unit = match bytes.get(..2)? {
        [0xFF, 0xFE] => u16::from_le_bytes,
        [0xFE, 0xFF] => u16::from_be_bytes,
        _ => return None,
    };
    if is_utf_32(bytes) {
        return None;
    }
    let units = bytes[2..].as_chunks::<2>().0.iter().map(|bytes| unit(*bytes));
    Some(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// The text, if the bytes are one of two or four bytes a character.
pub fn decoded(bytes: &[u8]) -> Option<String> {
    if !bytes.contains(&0) {
        return None;
    }
    let utf_32 = |unit: fn([u8; 4]) -> u32| {
        let (units, rest) = bytes.as_chunks::<4>();
        let text: Option<String> = units.iter().map(|bytes| char::from_u32(unit(*bytes))).collect();
        text.filter(|text| rest.is_empty() && is_likely(text))
    };
    let utf_16 = |unit: fn([u8; 2]) -> u16| {
        let (units, rest) = bytes.as_chunks::<2>();
        let text: Result<String, _> = char::decode_utf16(units.iter().map(|bytes| unit(*bytes))).collect();
        text.ok().filter(|text| rest.is_empty() && is_likely(text))
    };
    let text = utf_32(u32::from_le_bytes).or_else(|| utf_32(u32::from_be_bytes)).or_else(|| {
        let (little, big) = (utf_16(u16::from_le_bytes), utf_16(u16::from_be_bytes));
        [little, big].into_iter().flatten().max_by_key(|text| plain(text))
    })?;
    Some(text.trim_start_matches('\u{feff}').to_owned())
}

/// As [`decoded`], for the start of a file, which may end within a character.
pub fn decoded_start(head: &[u8]) -> Option<String> {
    let whole = head.len() - head.len() % 4;
    [whole, whole.saturating_sub(2)].into_iter().find_map(|end| decoded(&head[..end]))
}

/// With its bytes in the wrong order, text is made of many strange characters and hardly any spaces.
fn is_likely(text: &str) -> bool {
    let count = text.chars().take(SAMPLE_CHARS).count();
    let is_strange = |c: &char| {
        c.is_control() && !matches!(c, '\n' | '\r' | '\t')
            || matches!(*c, '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{ffff}')
    };
    let strange = text.chars().take(SAMPLE_CHARS).filter(is_strange).count();
    count > 1 && strange * 100 <= count && plain(text) * 25 >= count && !is_pairs(text)
}

/// Characters that every language's text has some of.
fn plain(text: &str) -> usize {
    let is_plain = |c: &char| c.is_ascii_graphic() || matches!(c, ' ' | '\n' | '\r' | '\t' | '。' | '、' | '，');
    text.chars().take(SAMPLE_CHARS).filter(is_plain).count()
}

/// Whether the ideographs are rather two characters of ASCII each.
fn is_pairs(text: &str) -> bool {
    let ideographs = || text.chars().take(SAMPLE_CHARS).filter(|c| ('\u{3400}'..='\u{9fff}').contains(c));
    let is_ascii = |byte: u32| (0x20..0x7F).contains(&byte);
    let pairs = ideographs().map(u32::from).filter(|code| is_ascii(code >> 8) && is_ascii(code & 0xFF)).count();
    pairs * 10 > ideographs().count() * 6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_text_needs_no_mark() {
        let text = "Повестка дня.\nThe agenda.\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let four: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
        assert_eq!([little, big, four].map(|bytes| decoded(&bytes)), [(); 3].map(|()| Some(text.to_owned())));
        assert_eq!(decoded(b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xFF\xFF\0\0"), None);
        let cut: Vec<u8> = "Smile 😀".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decoded_start(&cut[..cut.len() - 2]).as_deref(), Some("Smile "));
    }

    #[test]
    fn a_zero_among_letters_is_no_wide_text() {
        assert_eq!([decoded(b"abc\0defg"), decoded(b"The clerk\0wrote it down\0")], [None, None]);
    }
}
