//! Johab, the Korean encoding of the 1990s that composes syllables from their letters: the detector mistakes it for
//! others.

use encoding_rs::EUC_KR;

/// Syllables that make up a good part of any Korean text.
const COMMON: &str = "이다는의에을가하고를은지사기도로한서나시어리자니들";

/// The most characters that are examined.
const SAMPLE_CHARS: usize = 2_000;
const MIN_SYLLABLES: usize = 4;

/// The text, if the bytes are certainly Johab.
pub fn decoded(bytes: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(bytes.len() * 3 / 2);
    let mut at = 0;
    while let Some(lead) = bytes.get(at).copied() {
        if lead < 0x80 {
            text.push(char::from(lead));
            at += 1;
            continue;
        }
        let trail = *bytes.get(at + 1)?;
        text.push(if lead < 0xD4 { syllable(lead, trail)? } else { sign(lead, trail)? });
        at += 2;
    }
    is_korean(&text).then_some(text)
}

fn is_korean(text: &str) -> bool {
    let wide = || text.chars().filter(|c| !c.is_ascii()).take(SAMPLE_CHARS);
    let count = |test: fn(&char) -> bool| wide().filter(test).count();
    let syllables = count(|c| ('가'..='힣').contains(c));
    let common = count(|c| COMMON.contains(*c));
    syllables >= MIN_SYLLABLES && syllables * 5 >= wide().count() * 4 && common * 6 >= syllables
}

/// One bit, then five each for the first consonant, the vowel and the last consonant.
fn syllable(lead: u8, trail: u8) -> Option<char> {
    let code = u32::from(lead) << 8 | u32::from(trail);
    let (first, vowel, last) = (code >> 10 & 31, code >> 5 & 31, code & 31);
    let first = first.checked_sub(2).filter(|first| *first < 19);
    let vowel = match vowel {
        3..=7 => Some(vowel - 3),
        10..=15 => Some(vowel - 5),
        18..=23 => Some(vowel - 7),
        26..=29 => Some(vowel - 9),
        _ => None,
    };
    let last = match last {
        1..=17 => last - 1,
        19..=29 => last - 2,
        _ => return None,
    };
    match (first, vowel) {
        (Some(first), Some(vowel)) => char::from_u32('가' as u32 + (first * 21 + vowel) * 28 + last),
        (Some(first), None) if last == 0 => "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ".chars().nth(first as usize),
        (None, Some(vowel)) if last == 0 => char::from_u32('ㅏ' as u32 + vowel),
        _ => None,
    }
}

/// Signs and Chinese characters, two rows of the common Korean set to each first byte.
fn sign(lead: u8, trail: u8) -> Option<char> {
    let row = match lead {
        0xD9..=0xDE => 2 * (lead - 0xD9),
        0xE0..=0xF9 => 2 * (lead - 0xE0) + 41,
        _ => return None,
    };
    let place = match trail {
        0x31..=0x7E => trail - 0x31,
        0x91..=0xFE => trail - 0x43,
        _ => return None,
    };
    let (row, place) = if place < 0x5E { (row, place) } else { (row + 1, place - 0x5E) };
    let euc = [row + 0xA1, place + 0xA1];
    let (text, had_errors) = EUC_KR.decode_without_bom_handling(&euc);
    text.chars().next().filter(|_| !had_errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syllables_are_put_together() {
        // "회의는 월요일에 합니다." and "本社"
        let bytes =
            b"\xD2\x41\xB7\x81\x93\x65 \xB6\xA9\xB6\x61\xB7\xA9\xB5\x41 \xD0\x73\x93\xA1\x94\x61. \xE9\x72\xEA\x74";
        assert_eq!(decoded(bytes).as_deref(), Some("회의는 월요일에 합니다. 本社"));
    }

    #[test]
    fn other_encodings_are_not_johab() {
        let (korean, ..) = EUC_KR.encode("회의는 월요일에 합니다. 다리는 월요일부터 통행할 수 있습니다.");
        let (german, ..) =
            encoding_rs::WINDOWS_1252.encode("Grüße aus Köln, die Brücke ist schön geöffnet für Fußgänger.");
        let (japanese, ..) = encoding_rs::SHIFT_JIS.encode("会議は来週の月曜日、午前十時から本社の三階で行います。");
        for bytes in [korean, german, japanese] {
            assert_eq!(decoded(&bytes), None);
        }
    }
}
