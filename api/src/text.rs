//! Short texts that people type: titles and names.

use collabry_shared::text::{fold, is_blank};
use unicode_normalization::UnicodeNormalization as _;

/// Turns the direction of what follows: a name could be read as another one.
pub fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// One line without control characters, white space folded, NFC; `None` when it is empty or longer than `max` characters.
pub fn clean_line(text: &str, max: usize) -> Option<String> {
    let words: Vec<_> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let line: String = words.join(" ").nfc().filter(|c| !turns_direction(*c)).collect();
    let line = line.trim().to_owned();
    (!is_blank(&line) && line.chars().count() <= max).then_some(line)
}

/// What is looked for in names.
#[derive(Debug)]
pub struct Needle(String);

impl Needle {
    /// Nothing is in every name.
    pub fn new(text: Option<&str>) -> Self {
        Self(fold(text.unwrap_or_default().trim()))
    }

    /// Whether a name has it, in whatever spelling.
    pub fn is_in(&self, name: &str) -> bool {
        self.0.is_empty() || fold(name).contains(&self.0)
    }
}

/// The first line of `text`, cut at a word to at most `max` characters.
pub fn headline(text: &str, max: usize) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let line = line.trim_start_matches(['#', '>', '*', '-', ' ']);
    if line.chars().count() <= max {
        return line.to_owned();
    }
    let cut: String = line.chars().take(max - 1).collect();
    let at_word = cut.rfind(char::is_whitespace).filter(|at| *at > cut.len() / 2).unwrap_or(cut.len());
    format!("{}…", cut[..at_word].trim_end_matches([',', ';', ':', ' ']))
}

#[cfg(test)]
mod tests {
    use super::{Needle, clean_line, headline};

    #[test]
    fn lines_are_cleaned() {
        assert_eq!(clean_line("  Ada \n\t Lovelace\0 ", 80).unwrap(), "Ada Lovelace");
        assert_eq!(clean_line(" \n ", 80), None);
        assert_eq!(clean_line("abc", 2), None);
        assert_eq!(clean_line("abc\u{202e}def", 80).unwrap(), "abcdef");
        assert_eq!(clean_line("\u{2067}", 80), None);
    }

    #[test]
    fn names_are_found_in_any_spelling() {
        for (wanted, name) in
            [("istanbul", "İSTANBUL 2026"), ("елка", "Новогодняя ёлка"), ("ﾊﾝｶｸ", "ハンカク"), ("", "x")]
        {
            assert!(Needle::new(Some(wanted)).is_in(name), "{wanted}");
        }
        assert!(!Needle::new(Some("moon")).is_in("Sun"));
        assert!(Needle::new(None).is_in(""));
    }

    #[test]
    fn headlines_end_at_a_word() {
        assert_eq!(headline("\n# What is osmosis?\nMore", 60), "What is osmosis?");
        assert_eq!(headline("How do plants move water from roots to leaves", 20), "How do plants move…");
        assert_eq!(headline(&"x".repeat(30), 10), format!("{}…", "x".repeat(9)));
    }
}
