//! From lines on pages to paragraphs that read well.

use std::collections::{HashMap, HashSet};

/// Below so many pages a repeated line may be meant.
const MIN_PAGES_FOR_RUNNING_HEADS: usize = 4;

/// Running heads are short.
const MAX_RUNNING_HEAD_CHARS: usize = 100;

/// Lines at the top and the bottom of a page that may be running heads.
const RUNNING_HEAD_LINES: usize = 2;

/// Blocks of shorter lines are addresses, verses, cells of a table: their line ends are kept.
const MIN_PROSE_CHARS: usize = 35;

/// The paragraphs of each page of `pdftotext`'s output.
pub fn pages(output: &str) -> Vec<Vec<String>> {
    let output = output.strip_suffix('\u{c}').unwrap_or(output);
    let mut pages: Vec<Vec<&str>> =
        output.split('\u{c}').map(|page| page.lines().map(str::trim_end).collect()).collect();
    for _ in 0..RUNNING_HEAD_LINES {
        drop_running_head(&mut pages, first_line);
        drop_running_head(&mut pages, last_line);
    }
    let words = Words::of(output);
    pages.iter().map(|page| paragraphs(page, &words)).collect()
}

fn first_line(page: &[&str]) -> Option<usize> {
    page.iter().position(|line| !line.trim().is_empty())
}

fn last_line(page: &[&str]) -> Option<usize> {
    page.iter().rposition(|line| !line.trim().is_empty())
}

/// Drops the line at `place` from every page where it is the same as on most other pages, but for its numbers.
fn drop_running_head(pages: &mut [Vec<&str>], place: fn(&[&str]) -> Option<usize>) {
    if pages.len() < MIN_PAGES_FOR_RUNNING_HEADS {
        return;
    }
    let mut counts: HashMap<String, usize> = HashMap::new();
    for key in pages.iter().filter_map(|page| running_head(page, place)) {
        *counts.entry(key).or_default() += 1;
    }
    for page in pages.iter_mut() {
        let is_head = running_head(page, place)
            .and_then(|key| counts.get(&key))
            .is_some_and(|count| count * 2 > page_count(&counts));
        if is_head && let Some(line) = place(page) {
            page.remove(line);
        }
    }
}

fn page_count(counts: &HashMap<String, usize>) -> usize {
    counts.values().sum()
}

/// The line at `place` with its numbers made equal; `None` when it is too long, or all that the page has.
fn running_head(page: &[&str], place: fn(&[&str]) -> Option<usize>) -> Option<String> {
    let line = page[place(page)?].trim();
    let alone = first_line(page) == last_line(page);
    if alone || line.chars().count() > MAX_RUNNING_HEAD_CHARS {
        return None;
    }
    let mut key = String::new();
    for c in line.chars() {
        match (c.is_ascii_digit(), key.ends_with('#')) {
            (true, true) => {}
            (true, false) => key.push('#'),
            (false, _) => key.push(c),
        }
    }
    Some(key)
}

fn paragraphs(page: &[&str], words: &Words<'_>) -> Vec<String> {
    page.split(|line| line.trim().is_empty())
        .filter(|block| !block.is_empty())
        .flat_map(|block| joined(block, words))
        .collect()
}

/// The paragraphs of one block: lines without a blank one between them.
fn joined(block: &[&str], words: &Words<'_>) -> Vec<String> {
    let width = block.iter().map(|line| line.chars().count()).max().unwrap_or_default();
    let mut paragraphs: Vec<String> = Vec::new();
    let mut ended = true;
    for line in block.iter().map(|line| line.trim()) {
        let line = line.replace('\u{ad}', "");
        match paragraphs.last_mut() {
            Some(open) if !ended && !starts_item(&line) => words.join(open, &line),
            Some(open) if width < MIN_PROSE_CHARS && !starts_item(&line) => {
                open.push('\n');
                open.push_str(&line);
            }
            _ => paragraphs.push(line.clone()),
        }
        ended = ends_paragraph(&line, width);
    }
    paragraphs
}

/// A line much shorter than the others was not broken for lack of room.
fn ends_paragraph(line: &str, width: usize) -> bool {
    let length = line.chars().count();
    let hyphenated = line.ends_with('-');
    let closed = line.ends_with(['.', '!', '?', ':', ';', '”', '"']);
    !hyphenated && (width < MIN_PROSE_CHARS || length * 2 < width || (closed && length * 5 < width * 4))
}

fn starts_item(line: &str) -> bool {
    if line.starts_with(['•', '◦', '▪', '●', '‣', '–']) || line.starts_with("- ") || line.starts_with("* ")
    {
        return true;
    }
    let digits = line.chars().take_while(char::is_ascii_digit).count();
    (1..=2).contains(&digits) && (line[digits..].starts_with(". ") || line[digits..].starts_with(") "))
}

/// The words of the document, to tell a word that was divided from one that has a hyphen.
struct Words<'a>(HashSet<&'a str>);

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        let ends = |c: char| !c.is_alphanumeric() && c != '-';
        Self(text.split(ends).filter(|word| word.contains('-') && !word.ends_with('-')).collect())
    }

    /// Appends the next line of the same paragraph.
    fn join(&self, open: &mut String, line: &str) {
        if self.is_divided(open, line) {
            open.pop();
        } else if !(open.ends_with('-') && line.starts_with(char::is_alphanumeric)) {
            open.push(' ');
        }
        open.push_str(line);
    }

    fn is_divided(&self, open: &str, line: &str) -> bool {
        let Some(before) = open.strip_suffix('-') else {
            return false;
        };
        let stem = before.rsplit(|c: char| !c.is_alphanumeric() && c != '-').next().unwrap_or_default();
        let rest = line.split(|c: char| !c.is_alphanumeric() && c != '-').next().unwrap_or_default();
        let divides = stem.ends_with(char::is_alphabetic) && rest.starts_with(char::is_lowercase);
        divides && !self.0.contains(format!("{stem}-{rest}").as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_paragraphs_and_divided_words_whole() {
        let page = "The river is long and carries a great deal of sedi-\nment to the sea, where a well-known delta has been well-\n\
                    known for years.\nA second paragraph begins after the short line above,\nand goes on.\n\nSecond block\n";
        assert_eq!(
            pages(page),
            [[
                "The river is long and carries a great deal of sediment to the sea, where a well-known delta has been \
                 well-known for years.",
                "A second paragraph begins after the short line above, and goes on.",
                "Second block"
            ]]
        );
    }

    #[test]
    fn short_lines_and_lists_keep_their_ends() {
        assert_eq!(pages("12 Main Street\nSpringfield\n"), [["12 Main Street\nSpringfield"]]);
        let list =
            "Things that one has to bring to the excursion:\n• boots that keep the water out of the socks\n• a map\n";
        assert_eq!(pages(list)[0].len(), 3);
    }

    #[test]
    fn running_heads_are_dropped_but_never_all_of_a_page() {
        let page = |n: usize, text: &str| format!("Annual report\n\n{text}\n\nPage {n} of 5\n\u{c}");
        let output: String = ["one", "two", "three", "four"].iter().zip(1..).map(|(text, n)| page(n, text)).collect();
        let all = pages(&(output + "Page 5 of 5\n\u{c}"));
        assert_eq!(all, [["one"], ["two"], ["three"], ["four"], ["Page 5 of 5"]]);
        let numbered: String = (1..9).map(|n| format!("Chapter {n}\n\u{c}")).collect::<Vec<_>>().concat();
        assert_eq!(pages(&numbered).len(), 8);
        assert_eq!(pages(&numbered)[7], ["Chapter 8"]);
    }
}
