//! Recognizes superscripts and subscripts by their position: without a mark, 10⁶ would read as 106.

use super::pdf_page::{Area, Line, Page, Word};
use super::scripts::{lowered, raised};

/// The size of a superscript relative to its word.
const SMALLER: f32 = 0.88;

/// The gap to the word, as a share of the word's height.
const NEAR: f32 = 0.3;

/// The same if both are in one line already.
const NEAR_IN_LINE: f32 = 0.55;

/// The most pairs of small lines and words on a page that are examined.
const MAX_PAIRS: usize = 4_000_000;

/// Appends superscripts and subscripts to their words.
pub fn attach(page: &mut Page) {
    for line in page.blocks.iter_mut().flatten() {
        attach_within(line);
    }
    let words: usize = page.blocks.iter().flatten().map(|line| line.words.len()).sum();
    let small: Vec<(usize, usize)> = places(page).filter(|place| is_small(line(page, *place))).collect();
    if small.len().saturating_mul(words) > MAX_PAIRS {
        return;
    }
    for place in small.into_iter().rev() {
        let script = line(page, place).words[0].clone();
        if attach_to_any(page, place, &script) || begin_any(page, place, &script) {
            page.blocks[place.0].remove(place.1);
        }
    }
    page.blocks.retain(|block| !block.is_empty());
}

fn places(page: &Page) -> impl Iterator<Item = (usize, usize)> {
    page.blocks.iter().enumerate().flat_map(|(block, lines)| (0..lines.len()).map(move |line| (block, line)))
}

fn line(page: &Page, (block, line): (usize, usize)) -> &Line {
    &page.blocks[block][line]
}

fn is_small(line: &Line) -> bool {
    line.words.len() == 1 && is_figure(&line.words[0].text)
}

fn is_figure(text: &str) -> bool {
    text.chars().count() <= 4
        && text.chars().any(|c| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '−' | '–' | 'n'))
}

fn attach_within(line: &mut Line) {
    let mut kept: Vec<Word> = Vec::with_capacity(line.words.len());
    for word in std::mem::take(&mut line.words) {
        if let Some(before) = kept.last_mut()
            && is_figure(&word.text)
            && let Some(script) = script(&before.area, &word, NEAR_IN_LINE)
        {
            before.text.push_str(&script);
            before.area.right = before.area.right.max(word.area.right);
        } else {
            kept.push(word);
        }
    }
    line.words = kept;
    if let [mark, first, ..] = line.words.as_mut_slice()
        && let Some(raised) = mark_of_note(&first.area, mark)
    {
        mark.text = raised;
    }
}

/// Puts a superscript mark in front of its note.
fn begin_any(page: &mut Page, from: (usize, usize), small: &Word) -> bool {
    for (block, lines) in page.blocks.iter_mut().enumerate() {
        for (index, line) in lines.iter_mut().enumerate() {
            if (block, index) == from || line.words.len() < 2 || !line.is_upright() {
                continue;
            }
            if let Some(text) = mark_of_note(&line.words[0].area, small) {
                line.words.insert(0, Word { area: small.area, text });
                line.area = line.area.around(&small.area);
                return true;
            }
        }
    }
    false
}

/// The number in superscript characters, if it is at the upper left of `first`.
fn mark_of_note(first: &Area, word: &Word) -> Option<String> {
    let (small, height) = (&word.area, first.height());
    let gap = first.left - small.right;
    let shift = (small.middle() - first.middle()) / height;
    let is_raised = small.height() < height * SMALLER && (-0.75..=-0.08).contains(&shift);
    let is_near = gap > -height * 0.1 && gap < height * NEAR_IN_LINE;
    let is_number = word.text.chars().all(|c| c.is_ascii_digit()) && word.text.len() <= 3;
    (is_raised && is_near && is_number).then(|| word.text.chars().map(|c| raised(c).unwrap_or(c)).collect())
}

fn attach_to_any(page: &mut Page, from: (usize, usize), small: &Word) -> bool {
    for (block, lines) in page.blocks.iter_mut().enumerate() {
        for (index, line) in lines.iter_mut().enumerate() {
            if (block, index) == from || !line.is_upright() {
                continue;
            }
            for word in &mut line.words {
                if let Some(script) = script(&word.area, small, NEAR) {
                    word.text.push_str(&script);
                    word.area.right = word.area.right.max(small.area.right);
                    line.area.right = line.area.right.max(small.area.right);
                    return true;
                }
            }
        }
    }
    false
}

/// The number in superscript or subscript characters, if it is at the upper or lower right of `base`.
fn script(base: &Area, word: &Word, near: f32) -> Option<String> {
    let (small, height) = (&word.area, base.height());
    let is_near = (small.left - base.right).abs() < height * near;
    if !is_near || small.height() > height * SMALLER {
        return None;
    }
    let shift = (small.middle() - base.middle()) / height;
    match shift {
        -0.75..=-0.08 => Some(word.text.chars().map(|c| raised(c).unwrap_or(c)).collect()),
        0.08..=0.75 => Some(word.text.chars().map(|c| lowered(c).unwrap_or(c)).collect()),
        _ => None,
    }
}
