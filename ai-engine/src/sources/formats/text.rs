//! Plain text, and the decoding that every text format shares.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use collabry_shared::sources::{FailureCode, padding, wide};
use encoding_rs::{Encoding, ISO_8859_15, UTF_8, WINDOWS_1252};

use super::{Input, dos, encodings, io_code, johab};
use crate::sources::document::Document;

pub fn read(input: &Input<'_>) -> Result<Document, FailureCode> {
    let text = decoded(input)?;
    verbatim(text, input.max_text_bytes)
}

/// A document whose text is the file's own.
pub fn verbatim(text: String, max_bytes: usize) -> Result<Document, FailureCode> {
    if text.trim().is_empty() {
        return Err(FailureCode::NoText);
    }
    if text.len() > max_bytes {
        return Err(FailureCode::TooMuchText);
    }
    Ok(Document { text, ..Document::default() })
}

/// The file as text with `\n` as line ending.
pub fn decoded(input: &Input<'_>) -> Result<String, FailureCode> {
    decoded_as(input, |_| None)
}

/// As [`decoded`], for files that may name their own encoding.
pub fn decoded_as(
    input: &Input<'_>,
    declared: impl Fn(&[u8]) -> Option<&'static Encoding>,
) -> Result<String, FailureCode> {
    let bytes = std::fs::read(input.path).map_err(|error| io_code(&error, FailureCode::FileMissing))?;
    decode(&bytes, declared(&bytes))
}

/// As [`decoded`], of a text that is part of another file.
pub fn decode(bytes: &[u8], declared: Option<&'static Encoding>) -> Result<String, FailureCode> {
    let bytes = padding::without(bytes);
    let text = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) if !wide::is_utf_32(bytes) => {
            encoding.decode_without_bom_handling(&bytes[mark..]).0.into()
        }
        _ => without_mark(bytes, declared),
    };
    let text = unix_lines(text.trim_end_matches(['\0', '\u{1A}']));
    if is_binary(&text) {
        return Err(FailureCode::NotText);
    }
    Ok(text)
}

/// What tells its encoding apart is asked first: escapes of 7-bit encodings, zeros of wide ones, and UTF-8, which is
/// hardly ever valid by chance.
fn without_mark(bytes: &[u8], declared: Option<&'static Encoding>) -> String {
    if let Some(text) = encodings::escaped(bytes).or_else(|| wide::decoded(bytes)) {
        return text;
    }
    if let Some(text) = encodings::utf_8(bytes) {
        return text;
    }
    if declared.is_none()
        && let Some(text) = johab::decoded(bytes)
    {
        return text;
    }
    let encoding = declared.filter(|encoding| *encoding != UTF_8).unwrap_or_else(|| guess(bytes));
    let mac = || encodings::mac_roman(bytes, encoding).filter(|_| declared.is_none());
    let text = encodings::of_family(bytes, encoding)
        .or_else(mac)
        .unwrap_or_else(|| encoding.decode_without_bom_handling(bytes).0.into_owned());
    if declared.is_some() { text } else { dos::decoded(bytes, &text).unwrap_or(text) }
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let encoding = if encodings::has_signs_only(bytes) {
        WINDOWS_1252
    } else {
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
        detector.feed(bytes, true);
        detector.guess(None, Utf8Detection::Deny)
    };
    if encoding == WINDOWS_1252 && encodings::is_latin_9(bytes) { ISO_8859_15 } else { encoding }
}

/// Text in a wrong encoding or with a stray control character still passes; a binary does not.
fn is_binary(text: &str) -> bool {
    let control = |c: &char| c.is_control() && !c.is_ascii_whitespace() && *c != '\u{1B}';
    let (controls, spoilt) = (text.chars().filter(control).count(), text.matches('\u{FFFD}').count());
    text.contains('\0') || controls * 50 > text.len() || spoilt > 2 && spoilt * 50 > text.len()
}

/// Mainframes end lines with U+0085, and some programs break them with a vertical tab.
fn unix_lines(text: &str) -> String {
    const ENDS: [char; 3] = ['\r', '\u{85}', '\u{B}'];
    if text.contains(ENDS) { text.replace("\r\n", "\n").replace(ENDS, "\n") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_recognised() {
        assert_eq!(decode(b"\xEF\xBB\xBFcaf\xC3\xA9\r\nau lait\r", None).unwrap(), "café\nau lait\n");
        assert_eq!(decode(b"\xFF\xFEh\0i\0", None).unwrap(), "hi");
        assert_eq!(decode(b"\xFE\xFF\0h\0i", None).unwrap(), "hi");
        let german = "Die Straße führt über die Brücke; schöne Grüße aus Köln.";
        let (latin, ..) = encoding_rs::WINDOWS_1252.encode(german);
        assert_eq!(decode(&latin, None).unwrap(), german);
        assert_eq!(decode(b"from \xA3825 to \xA32 million, 5\xB0", None).unwrap(), "from £825 to £2 million, 5°");
        let polish = "Zażółć gęślą jaźń, łódź i Łódź.";
        let (latin, ..) = encoding_rs::WINDOWS_1250.encode(polish);
        assert_eq!(decode(&latin, None).unwrap(), polish);
        assert_eq!(decode(b"\xC0\xE1", Some(encoding_rs::WINDOWS_1251)).unwrap(), "Аб");
    }

    #[test]
    fn what_stands_behind_the_end_is_no_text() {
        let log = [b"Log line one.\n".as_slice(), &[0; 40]].concat();
        assert_eq!(decode(&log, None).unwrap(), "Log line one.\n");
        assert_eq!(decode(b"A DOS text.\r\n\x1A", None).unwrap(), "A DOS text.\n");
        assert_eq!(decode(b"\xFF\xFEh\0i\0\x1A\0\0\0", None).unwrap(), "hi");
        assert_eq!(decode("Line one\u{85}Line two\u{85}".as_bytes(), None).unwrap(), "Line one\nLine two\n");
    }

    #[test]
    fn the_euro_of_latin_9_is_read() {
        assert_eq!(
            decode(b"Der Preis betr\xE4gt 5 \xA4, t\xE4glich.", None).unwrap(),
            "Der Preis beträgt 5 €, täglich."
        );
        assert_eq!(decode(b"Only 5 \xA4.", None).unwrap(), "Only 5 €.");
        assert_eq!(
            decode(b"Sa s\xBDur est arriv\xE9e \xE0 l'\xE9cole.", None).unwrap(),
            "Sa sœur est arrivée à l'école."
        );
        assert_eq!(decode(b"1\xBD cup, caf\xE9 cr\xE8me, d\xE9j\xE0", None).unwrap(), "1½ cup, café crème, déjà");
    }

    #[test]
    fn programs_are_not_text() {
        assert_eq!(decode(b"abc\0def", None), Err(FailureCode::NotText));
        assert_eq!(decode(&[1, 2, 3, 4, 5, b'a'], None), Err(FailureCode::NotText));
    }
}
