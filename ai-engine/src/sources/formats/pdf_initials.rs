//! Joins drop caps with their words: poppler returns them separately.

use super::pdf_page::{Line, Page};

/// The least height of a drop cap, as a multiple of the height of the lines beside it.
const MIN_LINES: f32 = 1.8;

/// Its greatest distance from them, as a share of its width.
const MAX_GAP: f32 = 0.6;

/// Puts drop caps in front of their words.
pub fn attach(page: &mut Page) {
    let places = |page: &Page| -> Vec<(usize, usize)> {
        let all = page.blocks.iter().enumerate();
        all.flat_map(|(block, lines)| (0..lines.len()).map(move |line| (block, line))).collect()
    };
    let letters: Vec<(usize, usize)> =
        places(page).into_iter().filter(|(block, line)| is_letter(&page.blocks[*block][*line])).collect();
    for (block, line) in letters.into_iter().rev() {
        let letter = page.blocks[block][line].clone();
        let is_known = |word: &str| contains_word(page, word);
        let first = places(page)
            .into_iter()
            .filter(|(block, line)| is_beside(&letter, &page.blocks[*block][*line]))
            .min_by(|one, other| page.blocks[one.0][one.1].area.top.total_cmp(&page.blocks[other.0][other.1].area.top));
        let Some((to, at)) = first else {
            continue;
        };
        let mut begun = letter.words[0].text.clone();
        let word = &page.blocks[to][at].words[0].text;
        // Some drop caps are words of their own.
        if matches!(begun.as_str(), "A" | "I" | "O") && !is_known(&format!("{begun}{word}")) {
            begun.push(' ');
        }
        let word = &mut page.blocks[to][at].words[0].text;
        *word = begun + word.as_str();
        page.blocks[block].remove(line);
    }
    page.blocks.retain(|block| !block.is_empty());
}

fn is_letter(line: &Line) -> bool {
    let [word] = line.words.as_slice() else {
        return false;
    };
    let mut chars = word.text.chars();
    chars.next().is_some_and(char::is_uppercase) && chars.next().is_none()
}

/// Whether the line is to the right of the letter, in type that is this much smaller, and starts with a letter.
fn is_beside(letter: &Line, line: &Line) -> bool {
    let gap = line.area.left - letter.area.right;
    let common = letter.area.bottom.min(line.area.bottom) - letter.area.top.max(line.area.top);
    let is_text = line.words.len() > 1 && line.words[0].text.starts_with(char::is_alphabetic);
    is_text
        && letter.area.height() > line.area.height() * MIN_LINES
        && gap > -1.0
        && gap < letter.area.width() * MAX_GAP
        && common > 0.0
}

fn contains_word(page: &Page, word: &str) -> bool {
    let word = word.to_lowercase();
    let mut words = page.blocks.iter().flatten().flat_map(|line| &line.words);
    words.any(|other| other.text.to_lowercase() == word)
}
