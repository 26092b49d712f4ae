//! Short texts that people type: titles and names.

use unicode_normalization::UnicodeNormalization as _;

/// One line without control characters, white space folded, NFC; `None` when it is empty or longer than `max` characters.
pub fn clean_line(text: &str, max: usize) -> Option<String> {
    let words: Vec<_> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let line: String = words.join(" ").nfc().collect();
    (1..=max).contains(&line.chars().count()).then_some(line)
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
    use super::{clean_line, headline};

    #[test]
    fn lines_are_cleaned() {
        assert_eq!(clean_line("  Ada \n\t Lovelace\0 ", 80).unwrap(), "Ada Lovelace");
        assert_eq!(clean_line(" \n ", 80), None);
        assert_eq!(clean_line("abc", 2), None);
    }

    #[test]
    fn headlines_end_at_a_word() {
        assert_eq!(headline("\n# What is osmosis?\nMore", 60), "What is osmosis?");
        assert_eq!(headline("How do plants move water from roots to leaves", 20), "How do plants move…");
        assert_eq!(headline(&"x".repeat(30), 10), format!("{}…", "x".repeat(9)));
    }
}
