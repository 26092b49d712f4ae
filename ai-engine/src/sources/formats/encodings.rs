//! Encodings that the detector does not know, or that it would not be asked about.

use encoding_rs::{
    EUC_KR, Encoding, GBK, IBM866, ISO_2022_JP, ISO_8859_5, KOI8_R, KOI8_U, WINDOWS_1251, X_MAC_CYRILLIC,
};

const ESCAPE: u8 = 0x1B;
const SHIFT_OUT: u8 = 0x0E;
const SHIFT_IN: u8 = 0x0F;

/// Characters that are looked at to tell encodings apart.
const SAMPLE_CHARS: usize = 20_000;

/// 7-bit encodings, which pass for ASCII: ISO-2022 and HZ.
pub fn escaped(bytes: &[u8]) -> Option<String> {
    let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    if bytes.iter().any(|byte| *byte >= 0x80) {
        return None;
    }
    if bytes.contains(&ESCAPE) {
        if has(b"\x1B$)C") {
            return clean(EUC_KR, &shifted(bytes, b"\x1B$)C"));
        }
        if has(b"\x1B$)A") {
            return clean(GBK, &shifted(bytes, b"\x1B$)A"));
        }
        if [b"\x1B$B", b"\x1B$@", b"\x1B(J", b"\x1B(I"].iter().any(|escape| has(*escape)) {
            return clean(ISO_2022_JP, bytes);
        }
    }
    (has(b"~{") && has(b"~}")).then(|| clean(GBK, &hz(bytes))).flatten()
}

fn clean(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
    (!had_errors).then(|| text.into_owned())
}

/// Between shift out and shift in, bytes are those of the wide set without their highest bit.
fn shifted(bytes: &[u8], announcement: &[u8]) -> Vec<u8> {
    let (mut out, mut is_out, mut at) = (Vec::with_capacity(bytes.len()), false, 0);
    while let Some(byte) = bytes.get(at) {
        if bytes[at..].starts_with(announcement) {
            at += announcement.len();
            continue;
        }
        match *byte {
            SHIFT_OUT => is_out = true,
            SHIFT_IN => is_out = false,
            b'\n' => {
                is_out = false;
                out.push(b'\n');
            }
            byte if is_out && byte > 0x20 => out.push(byte | 0x80),
            byte => out.push(byte),
        }
        at += 1;
    }
    out
}

fn hz(bytes: &[u8]) -> Vec<u8> {
    let (mut out, mut is_wide, mut at) = (Vec::with_capacity(bytes.len()), false, 0);
    while let Some(byte) = bytes.get(at) {
        match (byte, bytes.get(at + 1)) {
            (b'~', Some(b'{')) => is_wide = true,
            (b'~', Some(b'}')) => is_wide = false,
            (b'~', Some(b'~')) => out.push(b'~'),
            (b'~', Some(b'\n')) => {}
            _ => {
                out.push(if is_wide && *byte > 0x20 { byte | 0x80 } else { *byte });
                at += 1;
                continue;
            }
        }
        at += 2;
    }
    out
}

/// The mark of UTF-32 begins, little end first, like that of UTF-16.
pub fn is_utf_32(bytes: &[u8]) -> bool {
    bytes.len().is_multiple_of(4) && (bytes.starts_with(&[0xFF, 0xFE, 0, 0]) || bytes.starts_with(&[0, 0, 0xFE, 0xFF]))
}

/// UTF-16 and UTF-32 without a mark: zeros give them away.
pub fn wide(bytes: &[u8]) -> Option<String> {
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

/// With its bytes in the wrong order, text is made of many strange characters and hardly any spaces.
fn is_likely(text: &str) -> bool {
    let count = text.chars().take(SAMPLE_CHARS).count();
    let is_strange = |c: &char| {
        c.is_control() && !matches!(c, '\n' | '\r' | '\t')
            || matches!(*c, '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{ffff}')
    };
    let strange = text.chars().take(SAMPLE_CHARS).filter(is_strange).count();
    count > 1 && strange * 100 <= count && plain(text) * 25 >= count
}

/// Characters that every language's text has some of.
fn plain(text: &str) -> usize {
    let is_plain = |c: &char| c.is_ascii_graphic() || matches!(c, ' ' | '\n' | '\r' | '\t');
    text.chars().take(SAMPLE_CHARS).filter(is_plain).count()
}

/// Whether the bytes are UTF-8, but for a few that were spoilt.
pub fn is_utf_8(bytes: &[u8]) -> bool {
    let (mut wide, mut spoilt) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        wide += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        spoilt += usize::from(!chunk.invalid().is_empty());
    }
    spoilt == 0 || wide >= 2 && spoilt * 4 <= wide
}

/// Whether all that is not ASCII would be signs in windows-1252, as `£` in `£5`, and stands where no letter does. A detector
/// that knows words has nothing to go by there.
pub fn has_signs_only(bytes: &[u8]) -> bool {
    let letter_at = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphabetic);
    bytes.iter().enumerate().filter(|(_, byte)| !byte.is_ascii()).all(|(at, byte)| match byte {
        // Quotation marks and dashes, which touch words.
        0x82 | 0x84 | 0x85 | 0x91..=0x97 | 0xA0 => true,
        0x80 | 0x86 | 0x87 | 0x89 | 0x99 | 0xA1..=0xA9 | 0xAB..=0xB9 | 0xBB..=0xBF => {
            !letter_at(at.checked_sub(1)) && !letter_at(Some(at + 1))
        }
        _ => false,
    })
}

/// Cyrillic letters have been encoded in many ways, of which the detector knows the commoner ones: the text with the
/// likeliest letters is taken.
pub fn of_family(bytes: &[u8], guess: &'static Encoding) -> Option<String> {
    if ![WINDOWS_1251, KOI8_R, KOI8_U, IBM866, ISO_8859_5].contains(&guess) {
        return None;
    }
    let guessed = guess.decode_without_bom_handling(bytes).0.into_owned();
    let others = [X_MAC_CYRILLIC.decode_without_bom_handling(bytes).0.into_owned(), ibm_855(bytes)];
    let own = cyrillic(&guessed);
    let better = others.into_iter().map(|text| (cyrillic(&text), text)).max_by_key(|(score, _)| *score);
    better.filter(|(score, _)| *score > own + own.abs() / 5 + 20).map(|(_, text)| text)
}

/// How much the text looks like one in Russian or a language like it.
fn cyrillic(text: &str) -> i64 {
    let mut score = 0;
    let mut before = ' ';
    for c in text.chars().take(SAMPLE_CHARS) {
        score += match c {
            'о' | 'е' | 'а' | 'и' | 'н' | 'т' => 3,
            'с' | 'р' | 'в' | 'л' | 'к' | 'м' | 'д' | 'п' | 'у' => 2,
            'а'..='я' | 'ё' | 'і' | 'ї' | 'є' => 1,
            // Capitals stand at the beginning of words.
            'А'..='Я' if before.is_lowercase() => -6,
            'А'..='Я' | 'Ё' => 0,
            c if c.is_ascii() => 0,
            '«' | '»' | '–' | '—' | '№' | '…' | '“' | '”' => 0,
            _ => -4,
        };
        before = c;
    }
    score
}

fn ibm_855(bytes: &[u8]) -> String {
    const HIGH: &str = "ђЂѓЃёЁєЄѕЅіІїЇјЈљЉњЊћЋќЌўЎџЏюЮъЪаАбБцЦдДеЕфФгГ«»░▒▓│┤хХиИ╣║╗╝йЙ┐└┴┬├─┼кК╚╔╩╦╠═╬¤лЛмМнНоОп┘┌█▄Пя▀ЯрРсСтТуУжЖвВьЬ№\u{ad}ыЫзЗшШэЭщЩчЧ§■\u{a0}";
    let high: Vec<char> = HIGH.chars().collect();
    let decoded = |byte: &u8| match byte {
        0x80.. => high.get(usize::from(byte - 0x80)).copied().unwrap_or('\u{fffd}'),
        byte => char::from(*byte),
    };
    bytes.iter().map(decoded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_seven_bits_is_told_from_ascii() {
        assert_eq!(escaped(b"\x1B$B2q5D\x1B(B ok").as_deref(), Some("会議 ok"));
        assert_eq!(escaped(b"\x1B$)C\n\x0EGQ1[\x0F ok\n").as_deref(), Some("\n한글 ok\n"));
        assert_eq!(escaped(b"~{VPND~} ok").as_deref(), Some("中文 ok"));
        assert_eq!(escaped(b"plain ~ text {}"), None);
    }

    #[test]
    fn wide_text_needs_no_mark() {
        let text = "Повестка дня.\nThe agenda.\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let four: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
        assert_eq!([little, big, four].map(|bytes| wide(&bytes)), [(); 3].map(|()| Some(text.to_owned())));
        assert_eq!(wide(b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xFF\xFF\0\0"), None);
    }

    #[test]
    fn a_spoilt_byte_does_not_make_another_encoding() {
        assert!(is_utf_8("Grüße aus Köln, schön".as_bytes()));
        assert!(is_utf_8(&[b"Gr\xC3\xBC\xC3\x9Fe, K\xC3\xB6ln \xC3\xBC".as_slice(), b"\xE4"].concat()));
        assert!(!is_utf_8(b"Gr\xFC\xDFe aus K\xF6ln"));
    }

    #[test]
    fn rarer_cyrillic_encodings_are_found() {
        let text = &"Собрание состоится. Я приду. ".repeat(10);
        let (mac, ..) = X_MAC_CYRILLIC.encode(text);
        assert_eq!(of_family(&mac, WINDOWS_1251).unwrap_or_default(), *text);
        assert_eq!(ibm_855(b"\xE1\xD6").chars().count(), 2);
    }
}
