//! Joins the lines of pages into paragraphs.

use super::pdf_heads::{self, Printed};
use super::pdf_page::{Area, Page, letters};
use super::pdf_tables::{self, Part};
use super::pdf_words::Words;
use super::{pdf_columns, pdf_initials, pdf_labels, pdf_scripts, pdf_spaced, pdf_terms};

/// Blocks of shorter lines are addresses, verses, cells of a table: their line ends are kept.
const MIN_PROSE_CHARS: usize = 35;

/// Lines of double-spaced text are no further apart than this many of their heights.
const MAX_LINE_GAP: f32 = 2.2;

/// A line of text and its position.
type Placed = (Area, String);

/// A group of lines on a page.
enum Block {
    Lines(Vec<Placed>),
    Rows(Vec<Placed>),
}

impl Block {
    fn lines(&self) -> &[Placed] {
        let (Self::Lines(lines) | Self::Rows(lines)) = self;
        lines
    }

    fn lines_mut(&mut self) -> &mut Vec<Placed> {
        let (Self::Lines(lines) | Self::Rows(lines)) = self;
        lines
    }
}

/// The paragraphs of each page.
pub fn pages(pages: Vec<Page>) -> Vec<Vec<String>> {
    let heights: Vec<f32> = pages.iter().map(|page| page.height).collect();
    let mut pages: Vec<Vec<Block>> = pages.into_iter().map(blocks).collect();
    let printed: Vec<Vec<Printed>> = pages.iter().map(|page| printed(page)).collect();
    let alone = printed.iter().zip(heights).map(|(page, height)| pdf_heads::lone_number(page, height));
    for ((page, repeated), alone) in pages.iter_mut().zip(pdf_heads::repeated(&printed)).zip(alone) {
        for block in page.iter_mut() {
            block.lines_mut().retain(|(area, _)| !repeated.contains(area) && Some(*area) != alone);
        }
    }
    let texts = || pages.iter().flatten().flat_map(Block::lines).map(|(_, text)| text.as_str());
    let words = Words::of(texts());
    pages.iter().map(|page| paragraphs(page, &words)).collect()
}

fn blocks(mut page: Page) -> Vec<Block> {
    pdf_spaced::join(&mut page);
    pdf_scripts::attach(&mut page);
    pdf_initials::attach(&mut page);
    pdf_columns::order(&mut page);
    let mut parts = Vec::new();
    for (page, list) in pdf_terms::divided(page) {
        parts.extend(pdf_tables::with_rows(page));
        let rows = |list: pdf_terms::List| list.entries.into_iter().map(|entry| (entry.area, entry.text)).collect();
        parts.extend(list.map(|list| Part::Rows(rows(list))));
    }
    pdf_labels::join(&mut parts);
    let placed = |part| match part {
        Part::Lines(lines) => {
            Block::Lines(lines.into_iter().map(|line| (line.area, without_leaders(&line.text()))).collect())
        }
        Part::Rows(rows) => Block::Rows(rows.into_iter().map(|(area, text)| (area, without_leaders(&text))).collect()),
    };
    parts.into_iter().map(placed).collect()
}

/// The page's groups of lines, from top to bottom.
fn printed(page: &[Block]) -> Vec<Printed> {
    let mut lines: Vec<&Placed> = page.iter().flat_map(Block::lines).collect();
    lines.sort_by(|one, other| one.0.middle().total_cmp(&other.0.middle()));
    let mut printed: Vec<Printed> = Vec::new();
    let mut open: Option<(Area, usize)> = None;
    for (area, text) in lines {
        let line = match &mut open {
            Some((whole, line)) if whole.is_beside(area) => {
                *whole = whole.around(area);
                *line
            }
            _ => {
                let line = open.map_or(0, |(_, line)| line + 1);
                open = Some((*area, line));
                line
            }
        };
        printed.push(Printed { area: *area, text: text.clone(), line });
    }
    printed
}

/// `Scope . . . . . . 7` without most of its dots.
fn without_leaders(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['.', '…', '·', '_']) {
        let (before, after) = rest.split_at(at);
        let dots = after.len() - after.trim_start_matches(['.', '…', '·', '_', ' ']).len();
        let count = after[..dots].chars().filter(|c| *c != ' ').count();
        text.push_str(before);
        if count > 3 {
            text.truncate(text.trim_end().len());
            text.push_str(LEADER);
        } else {
            text.push_str(&after[..dots]);
        }
        rest = &after[dots..];
    }
    text.push_str(rest);
    text.trim_end().to_owned()
}

const LEADER: &str = " … ";

/// Whether it is an entry of a table of contents: it ends with a number after dots.
fn is_entry(line: &str) -> bool {
    line.rsplit_once(LEADER)
        .is_some_and(|(_, page)| page.chars().count() < 8 && page.chars().any(char::is_alphanumeric))
}

/// A paragraph with its first and last line.
struct Paragraph {
    text: String,
    first: Area,
    last: Placed,
    is_prose: bool,
}

fn paragraphs(page: &[Block], words: &Words<'_>) -> Vec<String> {
    let mut paragraphs: Vec<Paragraph> = Vec::new();
    for block in page.iter().filter(|block| !block.lines().is_empty()) {
        match block {
            Block::Rows(rows) => {
                let text = rows.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n");
                let last = rows[rows.len() - 1].clone();
                paragraphs.push(Paragraph { text, first: rows[0].0, last, is_prose: false });
            }
            Block::Lines(lines) => {
                let mut own = joined(lines, words).into_iter();
                if let (Some(open), Some(next)) = (paragraphs.last_mut(), own.as_slice().first())
                    && goes_on(open, next)
                    && let Some(next) = own.next()
                {
                    words.join(&mut open.text, &next.text);
                    open.last = next.last;
                }
                paragraphs.extend(own);
            }
        }
    }
    paragraphs.into_iter().map(|paragraph| paragraph.text).collect()
}

/// Whether a sentence at the end of one block continues in the next one.
fn goes_on(open: &Paragraph, next: &Paragraph) -> bool {
    let (before, after) = (&open.last.0, &next.first);
    let as_tall = (before.height() - after.height()).abs() < before.height() * 0.3;
    if !open.is_prose || !as_tall || is_closed(&open.text) || starts_item(&next.text) {
        return false;
    }
    let is_long = |text: &str| letters(text) >= MIN_PROSE_CHARS;
    let gap = after.top - before.bottom;
    let is_next_line = after.left < before.left + 3.0
        && after.left > before.left - before.height() * 5.0
        && gap >= 0.0
        && gap < before.height() * MAX_LINE_GAP;
    let is_full = before.width() > after.width() * 0.85;
    next.text.starts_with(char::is_lowercase) && is_long(&open.last.1)
        || is_next_line && is_full && is_long(&open.last.1) && is_long(&next.text)
}

fn is_closed(text: &str) -> bool {
    text.ends_with(['.', '!', '?', ':', ';', '”', '"', '。', '؟'])
}

/// The paragraphs of one block: lines without a blank one between them.
fn joined(block: &[Placed], words: &Words<'_>) -> Vec<Paragraph> {
    let width = block.iter().map(|(_, line)| letters(line)).max().unwrap_or_default();
    let mut paragraphs: Vec<Paragraph> = Vec::new();
    let mut ended = true;
    let mut was_entry = false;
    for (area, line) in block {
        let line = line.trim();
        let entry = is_entry(line);
        match paragraphs.last_mut() {
            Some(open) if !ended && !starts_item(line) && !entry => {
                words.join(&mut open.text, line);
                open.last = (*area, line.to_owned());
            }
            Some(open) if was_entry && entry || width < MIN_PROSE_CHARS && !starts_item(line) => {
                open.text.push('\n');
                open.text.push_str(line);
                open.last = (*area, line.to_owned());
            }
            _ => paragraphs.push(Paragraph {
                text: line.to_owned(),
                first: *area,
                last: (*area, line.to_owned()),
                is_prose: width >= MIN_PROSE_CHARS && !entry,
            }),
        }
        ended = entry || ends_paragraph(line, width);
        was_entry = entry;
    }
    paragraphs
}

/// A line much shorter than the others was not broken for lack of room.
fn ends_paragraph(line: &str, width: usize) -> bool {
    let length = letters(line);
    let hyphenated = line.ends_with('-');
    let closed = is_closed(line);
    !hyphenated && (width < MIN_PROSE_CHARS || length * 2 < width || (closed && length * 5 < width * 4))
}

fn starts_item(line: &str) -> bool {
    // A character of a symbol font.
    if line.starts_with(|c| ('\u{e000}'..='\u{f8ff}').contains(&c)) {
        return true;
    }
    if line.starts_with(['•', '◦', '▪', '●', '‣', '–', '☐', '☑', '☒', '✓', '➢', '■', '□'])
        || line.starts_with("- ")
        || line.starts_with("* ")
    {
        return true;
    }
    if is_lettered(line) || is_note(line) {
        return true;
    }
    let digits = line.chars().take_while(char::is_ascii_digit).count();
    (1..=2).contains(&digits) && (line[digits..].starts_with(". ") || line[digits..].starts_with(") "))
}

/// `a) ` or `(iv) `.
fn is_lettered(line: &str) -> bool {
    let (opened, rest) = line.strip_prefix('(').map_or((false, line), |rest| (true, rest));
    let Some((name, _)) = rest.split_once(") ") else {
        return false;
    };
    let is_roman = name.len() <= 4 && name.chars().all(|c| matches!(c, 'i' | 'v' | 'x'));
    let is_letter = name.len() == 1 && name.chars().all(|c| c.is_ascii_lowercase());
    let is_number = opened && (1..=2).contains(&name.len()) && name.chars().all(|c| c.is_ascii_digit());
    !name.is_empty() && (is_roman || is_letter || is_number)
}

/// A footnote: it starts with a superscript.
fn is_note(line: &str) -> bool {
    let is_raised = |c: char| matches!(c, '¹' | '²' | '³' | '⁰' | '⁴'..='⁹');
    let rest = line.trim_start_matches(is_raised);
    rest.len() < line.len() && rest.starts_with(' ')
}

#[cfg(test)]
mod tests {
    use super::super::pdf_page::{Line, Word};
    use super::*;

    /// A page in one type; blank lines part the blocks.
    fn page(text: &str) -> Page {
        let mut page = Page::default();
        for (number, line) in text.lines().enumerate() {
            if line.is_empty() || page.blocks.is_empty() {
                page.blocks.push(Vec::new());
            }
            let (mut words, mut left) = (Vec::new(), 70.0);
            for word in line.split(' ').filter(|word| !word.is_empty()) {
                let points = |count: usize| f32::from(u16::try_from(count).unwrap());
                let (top, right) = (points(number) * 14.0, left + points(word.chars().count()) * 5.0);
                words.push(Word { area: Area { left, top, right, bottom: top + 10.0 }, text: word.to_owned() });
                left = right + 3.0;
            }
            if let (Some(area), Some(block)) =
                (words.iter().map(|word| word.area).reduce(|area, word| area.around(&word)), page.blocks.last_mut())
            {
                block.push(Line { area, words });
            }
        }
        page
    }

    #[test]
    fn lines_become_paragraphs_and_divided_words_whole() {
        let text = "The river is long and carries a great deal of sedi-\nment to the sea, where a well-known delta has been well-\n\
                    known for years.\nA second paragraph begins after the short line above,\nand goes on.\n\nSecond block\n";
        assert_eq!(
            pages(vec![page(text)]),
            [[
                "The river is long and carries a great deal of sediment to the sea, where a well-known delta has been \
                 well-known for years.",
                "A second paragraph begins after the short line above, and goes on.",
                "Second block"
            ]]
        );
    }

    #[test]
    fn hyphens_of_addresses_and_compounds_stay() {
        let whole = |ends: &str, begins: &str| {
            let text = format!(
                "The members of the club can read this {ends}\n{begins} and more of it is said here,\nas ever.\n"
            );
            let mut pages = pages(vec![page(&text)]);
            let text = pages.remove(0).remove(0);
            let text = text.strip_prefix("The members of the club can read this ").unwrap();
            text.split_once(" and more").unwrap().0.to_owned()
        };
        for (ends, begins, expected) in [
            ("ann.long-", "marsh@example.org", "ann.long-marsh@example.org"),
            ("ann@long-", "marsh.example", "ann@long-marsh.example"),
            ("https://example.org/long-", "path/file", "https://example.org/long-path/file"),
            ("www.long-", "marsh.example", "www.long-marsh.example"),
            ("src/long-", "name.txt", "src/long-name.txt"),
            ("X-", "ray", "X-ray"),
            ("(e-", "mail", "(e-mail"),
            ("self-", "employed", "self-employed"),
            ("self-", "ishness", "selfishness"),
            ("Non-", "profit", "Non-profit"),
            ("non-", "sense", "nonsense"),
            ("well-", "being", "well-being"),
            ("ex-", "wife", "ex-wife"),
            ("ex-", "periment", "experiment"),
            ("DNA-", "based", "DNA-based"),
            ("north-", "south", "north-south"),
            ("north-", "ern", "northern"),
            ("Ein-", "und Ausgang", "Ein- und Ausgang"),
            ("short-", "or long", "short- or long"),
            ("sedi-", "ment", "sediment"),
            ("and/or sedi-", "ment", "and/or sediment"),
        ] {
            assert_eq!(whole(ends, begins), expected);
        }
    }

    #[test]
    fn a_sentence_goes_on_in_the_next_block() {
        let text = "The committee met in May to discuss the har-\n\nbour crane and its keeper, whose friend Mr\n\nMarsh asked for a second opinion on it.\n\nEnd";
        let whole = "The committee met in May to discuss the harbour crane and its keeper, whose friend Mr Marsh asked for \
                     a second opinion on it.";
        assert_eq!(pages(vec![page(text)]), [[whole, "End"]]);
    }

    #[test]
    fn short_lines_lists_and_contents_keep_their_ends() {
        assert_eq!(pages(vec![page("12 Main Street\nSpringfield\n")]), [["12 Main Street\nSpringfield"]]);
        let list =
            "Things that one has to bring to the excursion:\n• boots that keep the water out of the socks\n• a map\n";
        assert_eq!(pages(vec![page(list)])[0].len(), 3);
        let list = "1. That one has to bring these to the excursion of the club:\na) boots that keep the water out of all the socks\n\
                    (iv) a map of the country\n";
        assert_eq!(pages(vec![page(list)])[0].len(), 3);
        let contents = "1 Purpose of the rules and scope . . . . . . 1\n2 Words and their meaning ............... 12\n";
        assert_eq!(
            pages(vec![page(contents)]),
            [["1 Purpose of the rules and scope … 1\n2 Words and their meaning … 12"]]
        );
    }
}
