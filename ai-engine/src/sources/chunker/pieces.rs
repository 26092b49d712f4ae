//! Estimates the number of word pieces that an English BERT vocabulary splits a text into, without the vocabulary:
//! chunking a document must not need the model.

/// At least 1 for text that is not white space, and rather too many than too few.
pub fn estimate(text: &str) -> usize {
    let mut total = 0;
    let mut run = Run::default();
    for c in text.chars() {
        if run.extends(c) {
            continue;
        }
        total += std::mem::take(&mut run).pieces();
        total += match c {
            _ if c.is_whitespace() || c.is_control() => 0,
            // Hangul syllables are split into two or three letters.
            '\u{AC00}'..='\u{D7A3}' => 3,
            // In other scripts each letter is a piece, and so is each punctuation mark and symbol.
            _ => 1,
        };
    }
    total + run.pieces()
}

/// A run of Latin letters and digits.
#[derive(Default)]
struct Run {
    letters: usize,
    digits: usize,
}

impl Run {
    fn extends(&mut self, c: char) -> bool {
        let latin = c.is_ascii_alphabetic() || matches!(c, '\u{C0}'..='\u{24F}' if c.is_alphabetic());
        self.letters += usize::from(latin);
        self.digits += usize::from(c.is_ascii_digit());
        latin || c.is_ascii_digit()
    }

    /// Common words are one piece; long or rare words and numbers are several.
    fn pieces(self) -> usize {
        self.letters.div_ceil(6) + self.digits.div_ceil(3)
    }
}

#[cfg(test)]
mod tests {
    use super::estimate;

    #[test]
    fn scripts_differ() {
        assert_eq!(estimate("  \n"), 0);
        assert_eq!(estimate("the cat sat."), 4);
        assert_eq!(estimate("検索"), 2);
        assert_eq!(estimate("검색"), 6);
        assert_eq!(estimate("поиск"), 5);
        assert_eq!(estimate("2017"), 2);
    }
}
