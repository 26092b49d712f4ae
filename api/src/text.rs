//! Names as people look for them, and headlines of longer texts.

use collabry_shared::text::fold;

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
    use super::{Needle, headline};

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
