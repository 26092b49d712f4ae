//! Lists of terms and what they mean, the terms on the left and their meanings beside them: each term with all lines of
//! its meaning. The program gives them in columns, or line by line.

use super::pdf_page::{Area, Line, Page, Word, letters, text_of};
use super::pdf_words::Words;

/// A gap of this share of a line's height is one between a term and its meaning.
const MIN_GAP: f32 = 0.45;

/// The most by which the left edges of lines in one column differ, in points.
const ALIGNED: f32 = 2.5;

/// Fewer lines are not a column.
const MIN_LINES: usize = 4;

/// A step from line to line that is longer than the usual one by this parts two paragraphs.
const PARTED: f32 = 1.2;

/// Terms are short, meanings are not.
const MAX_TERM_LETTERS: usize = 60;
const MAX_TERM_LINES: usize = 5;
const MIN_MEANING_LETTERS: usize = 25;

/// Left edges that are tried on a page.
const MAX_EDGES: usize = 12;

/// The most lines of a page that are examined.
const MAX_PAGE_LINES: usize = 600;

/// A term with its meaning, and its lines on the page.
#[derive(Debug)]
pub struct Entry {
    pub area: Area,
    pub text: String,
}

/// A list, and its start among the page's blocks.
pub struct List {
    pub entries: Vec<Entry>,
    lines: Vec<Place>,
}

/// Block and line.
type Place = (usize, usize);

/// A part of a line, left or right of the edge.
struct Part {
    place: Place,
    area: Area,
    words: Vec<Word>,
}

impl Part {
    fn of(place: Place, words: &[Word]) -> Option<Self> {
        let area = words.iter().map(|word| word.area).reduce(|area, word| area.around(&word))?;
        Some(Self { place, area, words: words.to_vec() })
    }

    fn text(&self) -> String {
        text_of(&self.words)
    }
}

/// Divides the page at its lists: what comes before the first of them, that, and the rest.
pub fn divided(page: Page) -> Vec<(Page, Option<List>)> {
    let Some(list) = lists(&page).into_iter().next() else {
        return vec![(page, None)];
    };
    let first = list.lines.iter().min().copied().unwrap_or_default();
    let (mut before, mut after) =
        (Page { height: page.height, ..Page::default() }, Page { height: page.height, ..Page::default() });
    for (block, lines) in page.blocks.into_iter().enumerate() {
        let (mut above, mut below) = (Vec::new(), Vec::new());
        for (at, line) in lines.into_iter().enumerate() {
            if list.lines.contains(&(block, at)) {
                continue;
            }
            if (block, at) < first { above.push(line) } else { below.push(line) }
        }
        before.blocks.extend(Some(above).filter(|lines: &Vec<Line>| !lines.is_empty()));
        after.blocks.extend(Some(below).filter(|lines: &Vec<Line>| !lines.is_empty()));
    }
    let mut parts = vec![(before, Some(list))];
    parts.extend(divided(after));
    parts
}

fn lists(page: &Page) -> Vec<List> {
    let count: usize = page.blocks.iter().map(Vec::len).sum();
    if count > MAX_PAGE_LINES {
        return Vec::new();
    }
    let found = edges(page).into_iter().map(|edge| lists_at(page, edge)).find(|lists| !lists.is_empty());
    found.unwrap_or_default()
}

/// Where many parts of lines begin, those with the most first; not the first of them, which is that of the terms.
fn edges(page: &Page) -> Vec<f32> {
    let mut lefts: Vec<f32> = Vec::new();
    for line in page.blocks.iter().flatten().filter(|line| line.is_upright()) {
        for (at, word) in line.words.iter().enumerate() {
            let gap = at.checked_sub(1).map_or(f32::MAX, |before| word.area.left - line.words[before].area.right);
            if gap > word.area.height() * MIN_GAP {
                lefts.push(word.area.left);
            }
        }
    }
    lefts.sort_by(f32::total_cmp);
    let mut edges: Vec<(f32, usize)> = Vec::new();
    for left in lefts {
        match edges.last_mut() {
            Some((edge, count)) if left - *edge < ALIGNED => *count += 1,
            _ => edges.push((left, 1)),
        }
    }
    edges.retain(|(_, count)| *count >= MIN_LINES);
    edges.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    edges.into_iter().take(MAX_EDGES).map(|(edge, _)| edge).collect()
}

/// The lists whose meanings start at this edge.
fn lists_at(page: &Page, edge: f32) -> Vec<List> {
    let (mut terms, mut meanings, mut barriers) = (Vec::new(), Vec::new(), Vec::new());
    for (block, lines) in page.blocks.iter().enumerate() {
        for (at, line) in lines.iter().enumerate() {
            let place = (block, at);
            match side(line, edge) {
                Side::Across => barriers.push(line.area.middle()),
                Side::Split(index) => {
                    let (left, right) = line.words.split_at(index);
                    terms.extend(Part::of(place, left));
                    meanings.extend(Part::of(place, right));
                }
            }
        }
    }
    let is_lone = |term: &Part| is_heading(term, &terms, &meanings);
    let strays: Vec<bool> = terms.iter().map(is_lone).collect();
    let mut strays = strays.into_iter();
    terms.retain(|term| {
        let is_stray = strays.next().unwrap_or_default();
        barriers.extend(is_stray.then(|| term.area.middle()));
        !is_stray
    });
    barriers.sort_by(f32::total_cmp);
    let zone = |part: &Part| barriers.partition_point(|barrier| *barrier < part.area.middle());
    let by_zone = |parts: Vec<Part>| {
        let mut zones: Vec<Vec<Part>> = (0..=barriers.len()).map(|_| Vec::new()).collect();
        for part in parts {
            zones[zone(&part)].push(part);
        }
        for parts in &mut zones {
            parts.sort_by(|one, other| one.area.middle().total_cmp(&other.area.middle()));
        }
        zones
    };
    by_zone(terms).into_iter().zip(by_zone(meanings)).filter_map(|(terms, meanings)| list(&terms, meanings)).collect()
}

/// Whether it is above entries and belongs to none: in larger type, or a letter of the alphabet, or far from any.
fn is_heading(term: &Part, terms: &[Part], meanings: &[Part]) -> bool {
    if meanings.iter().any(|meaning| meaning.area.is_beside(&term.area)) {
        return false;
    }
    let mut heights: Vec<f32> = terms.iter().map(|term| term.area.height()).collect();
    heights.sort_by(f32::total_cmp);
    let height = heights[heights.len() / 2];
    let distance = |meaning: &Part| (meaning.area.top - term.area.bottom).max(term.area.top - meaning.area.bottom);
    (term.area.height() - height).abs() > height * 0.15
        || letters(&term.text()) == 1
        || meanings.iter().map(distance).fold(f32::MAX, f32::min) > height * 1.5
}

enum Side {
    /// Over the edge, or with more parts than two.
    Across,
    /// The start of the meaning; all of the line may be on one side.
    Split(usize),
}

fn side(line: &Line, edge: f32) -> Side {
    if !line.is_upright() || line.words.is_empty() {
        return Side::Across;
    }
    let index = line.words.iter().position(|word| word.area.left > edge - ALIGNED).unwrap_or(line.words.len());
    let height = line.area.height();
    let is_gap = |at: usize, share: f32| line.words[at].area.left - line.words[at - 1].area.right > height * share;
    let is_clear = index == 0 || line.words[index - 1].area.right < edge - ALIGNED;
    let begins = line.words.get(index).is_none_or(|word| (word.area.left - edge).abs() < height * 2.0);
    let is_split = index == 0 || index == line.words.len() || is_gap(index, MIN_GAP);
    let has_more_parts = (1..line.words.len()).any(|at| at != index && is_gap(at, 1.6));
    if is_clear && begins && is_split && !has_more_parts { Side::Split(index) } else { Side::Across }
}

/// The list that these lines form, if they do.
fn list(mut terms: &[Part], mut meanings: Vec<Part>) -> Option<List> {
    // The lines above and below belong to something else.
    let usual = pitch(&meanings)?;
    // A term may be between two lines of its meaning.
    let is_within = |term: &Part, its: &Area| its.bottom > term.area.top && its.top < term.area.bottom;
    let is_beside = |term: &Part| meanings.iter().any(|meaning| is_within(term, &meaning.area));
    while let [term, next, ..] = terms
        && !is_beside(term)
        && step(term, next) > usual * PARTED
    {
        terms = &terms[1..];
    }
    while let [.., before, term] = terms
        && !is_beside(term)
        && step(before, term) > usual * PARTED
    {
        terms = &terms[..terms.len() - 1];
    }
    // The rest of a meaning from the page before.
    let first = terms.first()?;
    meanings.retain(|part| part.area.bottom > first.area.top - first.area.height());
    if terms.len() < 2 || meanings.len() < MIN_LINES || !is_column(terms) {
        return None;
    }
    let pitch = pitch(&meanings)?;
    let grouped = by_gaps(terms, &meanings, pitch).or_else(|| by_lines(terms, &meanings, pitch))?;
    is_list(terms, &meanings, &grouped).then(|| made(terms, &meanings, &grouped))
}

/// Which lines of terms and of meanings belong together.
type Group = (Vec<usize>, Vec<usize>);

/// Whether terms start or end at the same position.
fn is_column(terms: &[Part]) -> bool {
    let near = |of: fn(&Area) -> f32, slack: f32| {
        let edge = terms.iter().map(|term| of(&term.area)).fold(f32::MAX, f32::min);
        let furthest = terms.iter().map(|term| of(&term.area)).fold(f32::MIN, f32::max);
        furthest - edge < slack
    };
    near(|area| area.left, 16.0) || near(|area| area.right, ALIGNED)
}

/// The usual step from line to line, which is the smallest that is common.
fn pitch(meanings: &[Part]) -> Option<f32> {
    let mut steps: Vec<f32> = meanings.windows(2).map(|pair| step(&pair[0], &pair[1])).collect();
    steps.retain(|step| *step > 0.5);
    steps.sort_by(f32::total_cmp);
    steps.get(steps.len() / 4).copied()
}

fn step(one: &Part, other: &Part) -> f32 {
    other.area.bottom - one.area.bottom
}

/// Terms and meanings that are separated from the next ones, each beside its own.
fn by_gaps(terms: &[Part], meanings: &[Part], pitch: f32) -> Option<Vec<Group>> {
    let (terms_by, meanings_by) = (parted(terms, pitch), parted(meanings, pitch));
    let area = |parts: &[Part], group: &[usize]| {
        group.iter().map(|index| parts[*index].area).reduce(|area, other| area.around(&other))
    };
    let mut groups: Vec<Group> = Vec::new();
    let mut open = terms_by.into_iter().peekable();
    for meaning in meanings_by {
        let its = area(meanings, &meaning)?;
        let is_beside = |term: &Vec<usize>| {
            area(terms, term).is_some_and(|term| {
                its.bottom.min(term.bottom) - its.top.max(term.top) > term.height().min(its.height()) * 0.3
            })
        };
        match open.next_if(is_beside) {
            Some(term) => groups.push((term, meaning)),
            // A further paragraph of the same meaning.
            None => groups.last_mut()?.1.extend(meaning),
        }
        if open.peek().is_some_and(is_beside) {
            return None;
        }
    }
    open.next().is_none().then_some(groups)
}

fn parted(parts: &[Part], pitch: f32) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for index in 0..parts.len() {
        let is_next = index > 0 && step(&parts[index - 1], &parts[index]) < pitch * PARTED;
        match groups.last_mut() {
            Some(group) if is_next => group.push(index),
            _ => groups.push(vec![index]),
        }
    }
    groups
}

/// Without space between the entries: one starts where the previous meaning ends.
fn by_lines(terms: &[Part], meanings: &[Part], pitch: f32) -> Option<Vec<Group>> {
    let right = meanings.iter().map(|part| part.area.right).fold(f32::MIN, f32::max);
    let mut groups: Vec<Group> = Vec::new();
    let mut begins = Vec::new();
    for (index, term) in terms.iter().enumerate() {
        let is_next = index > 0 && step(&terms[index - 1], term) < pitch * PARTED;
        let beside = meanings.iter().position(|part| part.area.is_beside(&term.area));
        let Some(beside) = beside else {
            if !is_next {
                return None;
            }
            groups.last_mut()?.0.push(index);
            continue;
        };
        let before = beside.checked_sub(1).map(|before| &meanings[before]);
        let is_new = !is_next
            || before.is_none_or(|before| {
                step(before, &meanings[beside]) > pitch * PARTED
                    || has_ended(before, &meanings[beside], right)
                    || is_closed(&before.text())
                        && term.text().starts_with(|c: char| c.is_uppercase() || c.is_numeric())
            });
        if is_new {
            groups.push((vec![index], Vec::new()));
            begins.push(beside);
        } else {
            groups.last_mut()?.0.push(index);
        }
    }
    if begins.first() != Some(&0) {
        return None;
    }
    for (at, group) in groups.iter_mut().enumerate() {
        let end = begins.get(at + 1).copied().unwrap_or(meanings.len());
        group.1 = (begins[at]..end).collect();
    }
    Some(groups)
}

/// Whether the line broke although the first word of the next one had room in it.
fn has_ended(line: &Part, next: &Part, right: f32) -> bool {
    let word = next.words.first().map_or(0.0, |word| word.area.width());
    line.area.right + word + line.area.height() * 0.3 < right
}

fn is_closed(text: &str) -> bool {
    text.ends_with(['.', '!', '?', ';', ')', '”', '"', '。'])
}

/// Whether the terms are short and some of their meanings are long.
fn is_list(terms: &[Part], meanings: &[Part], groups: &[Group]) -> bool {
    let length =
        |parts: &[Part], group: &[usize]| group.iter().map(|index| letters(&parts[*index].text())).sum::<usize>();
    let long = groups.iter().filter(|(_, meaning)| meaning.len() > 1).count();
    let all: usize = groups.iter().map(|(_, meaning)| length(meanings, meaning)).sum();
    let of_terms: usize = groups.iter().map(|(term, _)| length(terms, term)).sum();
    let is_term = |group: &Group| {
        let text = group.0.iter().map(|index| terms[*index].text()).collect::<Vec<_>>().join(" ");
        group.0.len() <= MAX_TERM_LINES && letters(&text) <= MAX_TERM_LETTERS && !is_number_of_item(&text)
    };
    let words: String = meanings.iter().map(Part::text).collect();
    let of_letters = words.chars().filter(|c| c.is_alphabetic()).count();
    let is_worded = of_letters * 10 > words.chars().filter(|c| !c.is_whitespace()).count() * 7;
    let begin = groups.iter().filter(|(term, meaning)| {
        let (Some(term), Some(meaning)) = (term.first(), meaning.first()) else { return false };
        (terms[*term].area.bottom - meanings[*meaning].area.bottom).abs() < 3.0
    });
    let is_even = begin.count() * 2 > groups.len() || groups.len() > 3;
    groups.len() >= 2
        && long >= 2
        && long * 3 >= groups.len()
        && all >= groups.len() * MIN_MEANING_LETTERS
        && all > of_terms * 2
        && is_worded
        && is_even
        && groups.iter().all(is_term)
}

/// A bullet, or the number of a clause or a line.
fn is_number_of_item(text: &str) -> bool {
    let known = text.chars().filter(|c| c.is_alphanumeric()).count();
    let of_letters = text.chars().filter(|c| c.is_alphabetic()).count();
    known < 3 && !(of_letters == 2 && known == 2 && !text.ends_with(['.', ')']))
        || of_letters == 0 && known != 4
        || text.ends_with(')') && known < 5
}

fn made(terms: &[Part], meanings: &[Part], groups: &[Group]) -> List {
    let texts: Vec<String> = terms.iter().chain(meanings).map(Part::text).collect();
    let words = Words::of(texts.iter().map(String::as_str));
    let joined = |parts: &[Part], group: &[usize]| {
        let mut text = String::new();
        for index in group {
            let line = parts[*index].text();
            if text.is_empty() { text = line } else { words.join(&mut text, line.trim()) }
        }
        text
    };
    let areas = |group: &Group| {
        let (term, meaning) =
            (group.0.iter().map(|index| &terms[*index]), group.1.iter().map(|index| &meanings[*index]));
        term.chain(meaning).map(|part| part.area).reduce(|area, other| area.around(&other))
    };
    let entries = groups.iter().filter_map(|group| {
        let text = format!("{} | {}", joined(terms, &group.0), joined(meanings, &group.1));
        areas(group).map(|area| Entry { area, text })
    });
    List { entries: entries.collect(), lines: terms.iter().chain(meanings).map(|part| part.place).collect() }
}
