//! JSON as model servers write it, which is not always valid.

use serde_json::Value;

/// Reads a JSON value. Accepts what Python's parser, and so every official client, accepts: half a surrogate pair (see
/// [`SurrogatePairs`]), and `NaN` and infinities, which become null.
pub(super) fn read(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().or_else(|| serde_json::from_str(&repaired(text)).ok())
}

/// A count, whether it is written as an integer or as a float.
pub(super) fn count(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    let whole = |number: f64| (0.0..1e15).contains(&number).then(|| format!("{number:.0}").parse().ok()).flatten();
    value.as_u64().or_else(|| whole(value.as_f64()?))
}

/// A text that is not empty.
pub(super) fn text(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Lone surrogates are represented by private characters: U+D800 by U+10F800, and so on.
const SURROGATES: std::ops::Range<u32> = 0xd800..0xe000;
const LOW: u32 = 0xdc00;
const TO_PRIVATE: u32 = 0x0010_f800 - 0xd800;

const NOT_NUMBERS: [&str; 3] = ["-Infinity", "Infinity", "NaN"];

fn repaired(text: &str) -> String {
    let (mut repaired, mut rest, mut in_string) = (String::with_capacity(text.len()), text, false);
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        match half(rest).filter(|_| in_string) {
            Some(high) if high < LOW && half(&rest[ESCAPE..]).is_some_and(|low| low >= LOW) => {
                taken = 2 * ESCAPE;
                repaired.push_str(&rest[..taken]);
            }
            Some(lone) => {
                taken = ESCAPE;
                repaired.extend(char::from_u32(lone + TO_PRIVATE));
            }
            None if in_string && c == '\\' => {
                taken += rest[1..].chars().next().map_or(0, char::len_utf8);
                repaired.push_str(&rest[..taken]);
            }
            None => {
                if let Some(word) = NOT_NUMBERS.into_iter().find(|word| !in_string && rest.starts_with(word)) {
                    taken = word.len();
                    repaired.push_str("null");
                } else {
                    in_string ^= c == '"';
                    repaired.push(c);
                }
            }
        }
        rest = &rest[taken..];
    }
    repaired
}

/// The length of `\uD83D` in bytes.
const ESCAPE: usize = 6;

/// The surrogate that a text starts with as an escape.
fn half(text: &str) -> Option<u32> {
    let unit = text.strip_prefix("\\u")?.get(..4).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u32::from_str_radix(unit, 16).ok().filter(|unit| SURROGATES.contains(unit))
}

/// Joins surrogate pairs whose halves arrive in two strings.
#[derive(Debug, Default)]
pub(super) struct SurrogatePairs {
    high: Option<u32>,
}

impl SurrogatePairs {
    /// The text that is certain by now; half a pair at its end waits for the other half.
    pub fn push(&mut self, text: &str) -> String {
        let mut whole = String::with_capacity(text.len());
        for c in text.chars() {
            let half = u32::from(c).checked_sub(TO_PRIVATE).filter(|half| SURROGATES.contains(half));
            match (self.high.take(), half) {
                (Some(high), Some(low)) if low >= LOW => {
                    whole.extend(char::from_u32(0x1_0000 + ((high - SURROGATES.start) << 10) + (low - LOW)));
                }
                (before, half) => {
                    whole.extend(before.map(|_| char::REPLACEMENT_CHARACTER));
                    match half {
                        Some(high) if high < LOW => self.high = Some(high),
                        Some(_) => whole.push(char::REPLACEMENT_CHARACTER),
                        None => whole.push(c),
                    }
                }
            }
        }
        whole
    }

    /// What is left when no other half follows.
    pub fn finish(&mut self) -> Option<char> {
        self.high.take().map(|_| char::REPLACEMENT_CHARACTER)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{SurrogatePairs, count, read};

    fn joined(texts: &[&str]) -> String {
        let mut halves = SurrogatePairs::default();
        let strings = texts.iter().map(|text| read(&format!("\"{text}\"")).unwrap());
        let mut whole: String = strings.map(|text| halves.push(text.as_str().unwrap())).collect();
        whole.extend(halves.finish());
        whole
    }

    #[test]
    fn halves_of_a_character_find_each_other() {
        assert_eq!(joined(&[r"smile \ud83d", r"\ude00 end"]), "smile 😀 end");
        assert_eq!(joined(&[r"\ud83d\ude00 \uD83D", r"\uDE00"]), "😀 😀");
        assert_eq!(joined(&[r"\ud83d", "no", r"\ude00\ud83d"]), "\u{fffd}no\u{fffd}\u{fffd}");
        assert_eq!(joined(&[r"\\ud83d \ud83d"]), "\\ud83d \u{fffd}");
    }

    #[test]
    fn numbers_that_are_none_are_null() {
        assert_eq!(
            read(r#"{"a":NaN,"b":[-Infinity,Infinity],"c":"NaN"}"#),
            Some(json!({ "a": null, "b": [null, null], "c": "NaN" }))
        );
        assert_eq!(read("{broken"), None);
    }

    #[test]
    fn counts_are_read_however_they_are_written() {
        let of = |value: serde_json::Value| count(Some(&value));
        assert_eq!(
            [of(json!(5)), of(json!(5.0)), of(json!(null)), of(json!(-1)), of(json!("5"))],
            [Some(5), Some(5), None, None, None]
        );
    }
}
