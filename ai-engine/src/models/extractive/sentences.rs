//! Splits a passage into sentences that can be quoted.

use crate::sources::chunker::tables::{CELL_SEPARATOR, has_names};
use unicode_segmentation::UnicodeSegmentation;

/// Shorter sentences are headings, labels or remains of a cut,
const MIN_WORDS: usize = 4;

/// except those that end like a sentence, or give a value: `Otters eat crabs.`, `Fee: 5 euro`.
const MIN_WORDS_IF_WHOLE: usize = 3;

/// Longer ones are tables or text without punctuation, which nobody would read as a quote.
const MAX_CHARS: usize = 600;

/// The sentences of `text`, in order. Lines that were wrapped are joined, list items and paragraphs are not; a row of a
/// table comes with the table's first row, which names its columns.
pub(super) fn sentences(text: &str) -> Vec<String> {
    let is_quotable = |sentence: &String| {
        let least = if is_whole(sentence) { MIN_WORDS_IF_WHOLE } else { MIN_WORDS };
        sentence.unicode_words().count() >= least && sentence.chars().count() <= MAX_CHARS
    };
    let of_block = |block: String| -> Vec<String> {
        let is_row = block.contains(CELL_SEPARATOR);
        if is_row {
            vec![block]
        } else {
            block.unicode_sentences().map(|sentence| sentence.trim().to_owned()).collect()
        }
    };
    blocks(text).into_iter().flat_map(of_block).filter(is_quotable).collect()
}

fn is_whole(sentence: &str) -> bool {
    sentence.ends_with(['.', '!', '。', '！']) || sentence.split_once(": ").is_some_and(|(_, value)| !value.is_empty())
}

/// A row of a table without the bars around it, in Markdown and elsewhere; not the line below the column names in
/// Markdown.
fn row(line: &str) -> Option<&str> {
    let cells = line.trim_matches(['|', ' ']);
    let is_rule = !cells.contains(|c: char| !matches!(c, '-' | ':' | '|' | ' '));
    (line.contains(CELL_SEPARATOR) && !is_rule).then_some(cells)
}

/// Paragraphs, list items and rows, each on one line with single spaces; headings are left out.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut open = false;
    // The column names of the current table; empty if it has none.
    let mut names: Option<String> = None;
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() || line.starts_with('#') {
            (open, names) = (false, None);
            continue;
        }
        if line.contains(CELL_SEPARATOR) {
            open = false;
            match (row(&line), &names) {
                (Some(first), None) => {
                    let rows: Vec<&str> = lines[at..].iter().map_while(|line| row(line)).collect();
                    let is_ruled = lines.get(at + 1).is_some_and(|next| next.contains("--") && row(next).is_none());
                    names = Some(if is_ruled || has_names(&rows) { first.to_owned() } else { String::new() });
                    blocks.push(first.to_owned());
                }
                (Some(row), Some(names)) if names.is_empty() => blocks.push(row.to_owned()),
                (Some(row), Some(names)) => {
                    // Column names alone mean nothing.
                    blocks.pop_if(|last| last == names);
                    blocks.push(format!("{names} … {row}"));
                }
                (None, _) => {}
            }
            continue;
        }
        names = None;
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
    fn a_row_comes_with_the_names_of_its_columns() {
        let text = "Rivers of Europe, in kilometres\n\nRiver | Length | Mouth\nRhine | 1233 | North Sea\nElbe | 1094\n\n\
                    | City | People |\n| --- | --- |\n| Oslo | 700000 |";
        assert_eq!(
            sentences(text),
            [
                "Rivers of Europe, in kilometres",
                "River | Length | Mouth … Rhine | 1233 | North Sea",
                "River | Length | Mouth … Elbe | 1094",
                "City | People … Oslo | 700000"
            ]
        );
    }

    #[test]
    fn a_row_of_values_names_nothing() {
        let rows = ["Stop13 | 1952 | 12.3 | 16,000", "Stop14 | 1953 | 12.9 | 17,000"];
        assert_eq!(sentences(&rows.join("\n")), rows);
    }

    #[test]
    fn what_nobody_would_quote_is_left_out() {
        assert!(sentences("Table 3\n\nFigure one.\n\nThe harbour fees").is_empty());
        assert_eq!(sentences("Otters eat crabs.\n\nFee: 5 euro"), ["Otters eat crabs.", "Fee: 5 euro"]);
        assert!(sentences(&"word ".repeat(300)).is_empty());
    }
}
