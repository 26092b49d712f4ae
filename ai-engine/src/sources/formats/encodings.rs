//! Encodings that the detector does not support or would not be asked about.

use encoding_rs::{
    EUC_KR, Encoding, GBK, IBM866, ISO_2022_JP, ISO_8859_2, ISO_8859_5, KOI8_R, KOI8_U, MACINTOSH, WINDOWS_1250,
    WINDOWS_1251, WINDOWS_1252, WINDOWS_1254, WINDOWS_1257, WINDOWS_1258, X_MAC_CYRILLIC,
};

const ESCAPE: u8 = 0x1B;
const SHIFT_OUT: u8 = 0x0E;
const SHIFT_IN: u8 = 0x0F;

/// The most characters that are examined to distinguish encodings.
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

/// Between shift out and shift in, bytes belong to the wide set without their highest bit.
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

/// The text, if the bytes are UTF-8 except for some that were damaged, truncated, or added by a program that writes
/// windows-1252.
pub fn utf_8(bytes: &[u8]) -> Option<String> {
    let (mut wide, mut spoilt, mut is_western) = (0usize, 0usize, true);
    let whole = without_cut_character(bytes);
    for chunk in whole.utf8_chunks() {
        for c in chunk.valid().chars().filter(|c| !c.is_ascii()) {
            wide += 1;
            is_western &= matches!(c, '\u{a0}'..='\u{17f}' | '\u{2010}'..='\u{2026}' | '€');
        }
        spoilt += usize::from(!chunk.invalid().is_empty());
        is_western &= chunk.invalid().len() < 2 && chunk.invalid() != b"\x81";
    }
    match spoilt {
        0 => Some(String::from_utf8_lossy(whole).into_owned()),
        _ if wide >= 2 && spoilt * 4 <= wide || is_western && spoilt <= wide => Some(mended(whole, is_western)),
        _ => None,
    }
}

/// The file may have been cut within its last character.
fn without_cut_character(bytes: &[u8]) -> &[u8] {
    match str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => &bytes[..error.valid_up_to()],
        _ => bytes,
    }
}

/// In western text, lines without valid UTF-8 beyond ASCII are windows-1252; elsewhere invalid bytes are shown as such.
fn mended(bytes: &[u8], is_western: bool) -> String {
    let line = |line: &[u8]| {
        let has_wide = line.utf8_chunks().any(|chunk| !chunk.valid().is_ascii());
        if is_western && !has_wide && str::from_utf8(line).is_err() {
            WINDOWS_1252.decode_without_bom_handling(line).0.into_owned()
        } else {
            String::from_utf8_lossy(line).into_owned()
        }
    };
    bytes.split_inclusive(|byte| *byte == b'\n').map(line).collect()
}

/// Western text of old Macs, which detectors take for windows-1252: there it has capitals and signs where accented
/// small letters belong, `CafŽ ˆ la cr\u{8f}me`.
pub fn mac_roman(bytes: &[u8], guess: &'static Encoding) -> Option<String> {
    if ![WINDOWS_1252, WINDOWS_1250, WINDOWS_1254, WINDOWS_1257, WINDOWS_1258, ISO_8859_2].contains(&guess) {
        return None;
    }
    let at = |place: Option<usize>| place.and_then(|place| bytes.get(place)).copied().unwrap_or(b' ');
    let (mut mac, mut windows) = (0usize, 0usize);
    for (place, byte) in bytes.iter().enumerate() {
        let (before, after) = (at(place.checked_sub(1)), at(Some(place + 1)));
        let touches = before.is_ascii_alphabetic() || after.is_ascii_alphabetic();
        match byte {
            // Š Œ Ž Ÿ within a word in small letters.
            0x8A | 0x8C | 0x8E | 0x9F if before.is_ascii_lowercase() => mac += 1,
            // † ‡ ˆ ‰ ˜ and invalid characters.
            0x81 | 0x86..=0x89 | 0x8D | 0x8F | 0x90 | 0x98 | 0x9D if touches => mac += 1,
            0x88 if before == b' ' && after == b' ' => mac += 1,
            0xDF..=0xFF if before.is_ascii_lowercase() => windows += 1,
            _ => {}
        }
    }
    (mac > windows * 3).then(|| MACINTOSH.decode_without_bom_handling(bytes).0.into_owned())
}

/// Whether it is ISO-8859-15 that looks like windows-1252: there is `€` where that has `¤`, which nobody writes, and
/// `œ` where it has `½`. Neither ISO-8859 has a character from 0x80 to 0x9F.
pub fn is_latin_9(bytes: &[u8]) -> bool {
    let letter_at = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphabetic);
    let is_within = |at: usize| letter_at(at.checked_sub(1)) && letter_at(Some(at + 1));
    let is_sign = |(at, byte): (usize, &u8)| match byte {
        0xA4 => !is_within(at),
        0xBD => is_within(at),
        _ => false,
    };
    !bytes.iter().any(|byte| (0x80..0xA0).contains(byte)) && bytes.iter().enumerate().any(is_sign)
}

/// Whether all characters beyond ASCII would be symbols in windows-1252, as `£` in `£5`, and are where no letter could
/// be. A detector that relies on words has no evidence there.
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
    better.filter(|(score, _)| *score > own + own.abs() / 20 + 10).map(|(_, text)| text)
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
            // Capitals are at the beginning of words.
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
    fn a_spoilt_byte_does_not_make_another_encoding() {
        assert_eq!(utf_8("Grüße aus Köln, schön".as_bytes()).as_deref(), Some("Grüße aus Köln, schön"));
        let spoilt = [b"Gr\xC3\xBC\xC3\x9Fe, K\xC3\xB6ln \xC3\xBC".as_slice(), b"\xE4 a"].concat();
        assert_eq!(utf_8(&spoilt).as_deref(), Some("Grüße, Köln ü\u{fffd} a"));
        assert_eq!(utf_8(b"Gr\xFC\xDFe aus K\xF6ln"), None);
    }

    #[test]
    fn a_file_may_end_within_a_character() {
        let text = "Die Brücke – offen";
        for cut in 1..3 {
            let bytes = [text.as_bytes(), &"–".as_bytes()[..cut]].concat();
            assert_eq!(utf_8(&bytes).as_deref(), Some(text));
        }
        assert_eq!(utf_8(b"Offen \xE2\x80").as_deref(), Some("Offen "));
    }

    #[test]
    fn a_line_of_another_encoding_does_not_spoil_the_others() {
        let mixed = ["Name;Ort\nMüller;Köln\n".as_bytes(), b"J\xE4ger;D\xFCren\n"].concat();
        assert_eq!(utf_8(&mixed).as_deref(), Some("Name;Ort\nMüller;Köln\nJäger;Düren\n"));
    }

    #[test]
    fn old_macs_are_known_by_their_small_letters() {
        let mac = |text: &str| MACINTOSH.encode(text).0.into_owned();
        for text in ["Café à la crème – “déjà vu” naïve Straße Größe", "El año pasado, señor; ¿dónde está la calle?"]
        {
            assert_eq!(mac_roman(&mac(text), WINDOWS_1252).as_deref(), Some(text), "{text}");
        }
        for text in ["Café à la crème – “déjà vu” it’s", "Žena še ni prišla", "Œuvre, cœur, Ÿ"] {
            assert_eq!(mac_roman(&WINDOWS_1252.encode(text).0, WINDOWS_1252), None, "{text}");
        }
    }

    #[test]
    fn rarer_cyrillic_encodings_are_found() {
        let text = &"Собрание состоится. Я приду. ".repeat(10);
        let (mac, ..) = X_MAC_CYRILLIC.encode(text);
        assert_eq!(of_family(&mac, WINDOWS_1251).unwrap_or_default(), *text);
        let text = "Город Москва стоит на реке. Население более тринадцати миллионов человек. Вторая строка.";
        assert_eq!(of_family(&X_MAC_CYRILLIC.encode(text).0, WINDOWS_1251).as_deref(), Some(text));
        assert_eq!(of_family(&WINDOWS_1251.encode(text).0, WINDOWS_1251), None);
        assert_eq!(ibm_855(b"\xE1\xD6").chars().count(), 2);
    }
}
