//! Sentences of a passage as they can be quoted.

use unicode_segmentation::UnicodeSegmentation;

/// Shorter ones are headings, labels or left-overs of a cut.
const MIN_WORDS: usize = 4;

/// Longer ones are tables or text without punctuation: nobody reads them as a quote.
const MAX_CHARS: usize = 600;

/// The sentences of `text`, in order. Lines that were wrapped are joined, list items and paragraphs are not.
pub(super) fn sentences(text: &str) -> Vec<String> {
    blocks(text)
        .iter()
        .flat_map(|block| block.unicode_sentences())
        .map(|sentence| sentence.trim().to_owned())
        .filter(|sentence| sentence.unicode_words().count() >= MIN_WORDS && sentence.chars().count() <= MAX_CHARS)
        .collect()
}

/// Paragraphs and list items, each on one line with single spaces; headings are left out.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() || line.starts_with('#') {
            open = false;
            continue;
        }
        let (item, line) = match item(&line) {
            Some(rest) => (true, rest.to_owned()),
            None => (false, line),
        };
        match blocks.last_mut() {
            Some(block) if open && !item => {
                block.push(' ');
                block.push_str(&line);
            }
            _ => blocks.push(line),
        }
        open = true;
    }
    blocks
}

/// A list item without its mark.
fn item(line: &str) -> Option<&str> {
    if let Some(rest) = ["- ", "* ", "+ ", "• ", "– "].iter().find_map(|mark| line.strip_prefix(mark)) {
        return Some(rest);
    }
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = &line[digits..];
    (1..=3).contains(&digits).then(|| rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") ")))?
}

#[cfg(test)]
mod tests {
    use super::sentences;

    #[test]
    fn wrapped_lines_are_joined_and_items_are_not() {
        let text = "# Plants and light\n\nPlants turn light into\nsugar in their leaves. They need water too, of course.\n\
                    - Roots take up the water.\n- Leaves take up carbon dioxide.\n12. Stems carry all of it.";
        assert_eq!(
            sentences(text),
            [
                "Plants turn light into sugar in their leaves.",
                "They need water too, of course.",
                "Roots take up the water.",
                "Leaves take up carbon dioxide.",
                "Stems carry all of it.",
            ]
        );
    }

    #[test]
    fn what_nobody_would_quote_is_left_out() {
        assert!(sentences("Table 3\n\nFigure one.").is_empty());
        assert!(sentences(&"word ".repeat(300)).is_empty());
    }
}
