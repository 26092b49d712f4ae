//! Short texts that people type: titles and names.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use super::is_blank;

/// One line of 1 to `MAX` characters that somebody can see, without control characters, with white space folded, in NFC.
///
/// What was stored may be older than this rule, so reading it back checks nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Line<const MAX: usize>(String);

impl<const MAX: usize> Line<MAX> {
    /// `None` when nothing is left, or more than `MAX` characters.
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<_> =
            text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
        let line: String = words.join(" ").nfc().filter(|c| !turns_direction(*c)).collect();
        let line = line.trim();
        (!is_blank(line) && line.chars().count() <= MAX).then(|| Self(line.to_owned()))
    }

    /// A line that was parsed when it was stored, perhaps by an earlier version.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Deref for Line<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Line<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> From<Line<MAX>> for String {
    fn from(line: Line<MAX>) -> Self {
        line.0
    }
}

/// Whether a character turns the direction of the text after it: a name could be read as another one.
pub fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn lines_are_cleaned() {
        let clean = |text| Line::<80>::parse(text).map(String::from);
        assert_eq!(clean("  Ada \n\t Lovelace\0 ").unwrap(), "Ada Lovelace");
        assert_eq!(clean(" \n "), None);
        assert_eq!(Line::<2>::parse("abc"), None);
        assert_eq!(clean("abc\u{202e}def").unwrap(), "abcdef");
        assert_eq!(clean("\u{2067}"), None);
    }
}
