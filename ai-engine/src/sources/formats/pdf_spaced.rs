//! Joins words that are set with space between their letters, as headings often are: each letter arrives as a word of
//! its own, and, if spaced further, as a line or block of its own.

use super::pdf_page::{Area, Line, Page, Word};

/// Two letters may be a list of names: A, B.
const MIN_LETTERS: usize = 3;
/// Letters among other words are a word from this number on; fewer are names of things.
const MIN_LETTERS_IN_PROSE: usize = 7;
/// As many small letters alone in a line; fewer are names in a formula.
const MIN_SMALL_LETTERS: usize = 5;
/// Letters of a word are no further apart than this many of their heights, and words than that many.
const MAX_GAP: f32 = 1.3;
const MAX_WORD_GAP: f32 = 3.2;
/// A gap that is this much wider than the smallest in its line separates two words.
const WORD_GAP: f32 = 1.6;
/// Gaps within a word differ by this part of its height at most.
const SLACK: f32 = 0.08;
/// Letters this many heights apart were not typed with spaces between them.
const TYPED_GAP: f32 = 0.4;
/// So wide is a letter with the space behind it, as a share of its height, where a word was spread; else about the
/// other.
const SPREAD_CAPITAL: f32 = 0.92;
const CAPITAL: f32 = 0.72;
const SPREAD_SMALL: f32 = 0.78;
const SMALL: f32 = 0.52;
/// Marks that may be among spaced letters, and those of formulas, which may not.
const MARKS: &[&str] = &["&", "-", "–", "—", "’", "'"];
const OPERATORS: &[&str] = &["=", "+", "−", "<", ">", "≤", "≥", "×", "·", "/", "*", "^", "|", "→"];
/// First letters of the names of days and months, as tables have them.
const SERIES: &[&str] = &["MTWTFSS", "SMTWTFS", "MTWTF", "MDMDFSS", "LMMJVSD", "JFMAMJJASOND", "NESW", "WXYZ"];

/// Where a word is on the page: block, line, word.
type Place = (usize, usize, usize);

/// A letter, or letters that poppler has joined, with their position.
struct Piece {
    place: Place,
    area: Area,
    text: String,
}

impl Piece {
    fn of(place: Place, word: &Word) -> Self {
        Self { place, area: word.area, text: word.text.clone() }
    }

    /// A letter or digit, with the mark behind it.
    fn is_letter(&self) -> bool {
        let bare = bare(&self.text);
        let mut chars = bare.chars();
        let is_one = chars.next().is_some_and(char::is_alphanumeric) && chars.next().is_none();
        is_one && self.text.chars().count() <= 2 || MARKS.contains(&self.text.as_str())
    }

    /// The space that was put between the letters of a word, if that was a good deal.
    fn tracking(&self) -> Option<f32> {
        let letters: Vec<char> = self.text.chars().filter(|c| c.is_alphabetic()).collect();
        let all = self.text.chars().count();
        if letters.len() < MIN_LETTERS || letters.len() * 4 < all * 3 || letters.iter().any(|c| is_wide(*c)) {
            return None;
        }
        let capitals = letters.iter().filter(|c| c.is_uppercase()).count();
        let is_of_capitals = capitals * 2 > letters.len();
        let (spread, usual) = if is_of_capitals { (SPREAD_CAPITAL, CAPITAL) } else { (SPREAD_SMALL, SMALL) };
        let height = self.area.height();
        let advance = self.area.width() / (f32::from(u16::try_from(all).unwrap_or(u16::MAX)) - 0.5);
        (advance > height * spread).then_some(advance - height * usual)
    }
}

/// Joins the letters of spaced words.
pub fn join(page: &mut Page) {
    let pieces = page.blocks.iter().enumerate().flat_map(|(block, lines)| {
        lines.iter().enumerate().filter(|(_, line)| line.is_upright()).flat_map(move |(at, line)| {
            line.words.iter().enumerate().map(move |(word, its)| Piece::of((block, at, word), its))
        })
    });
    let is_short = |piece: &Piece| piece.is_letter() || piece.tracking().is_some();
    let mut short: Vec<Piece> = pieces.filter(is_short).collect();
    if short.len() < 2 {
        return;
    }
    short.sort_by(|one, other| {
        one.area.middle().total_cmp(&other.area.middle()).then(one.area.left.total_cmp(&other.area.left))
    });
    let mut changes = Vec::new();
    for run in runs(short).into_iter().flat_map(divided) {
        if let Some(words) = words_of(&run, page)
            && !is_row_of_cells(&run, page)
        {
            changes.push((run.into_iter().map(|piece| piece.place).collect::<Vec<_>>(), words));
        }
    }
    replace(page, changes);
}

/// Consecutive letters in a line.
fn runs(pieces: Vec<Piece>) -> Vec<Vec<Piece>> {
    let mut runs: Vec<Vec<Piece>> = Vec::new();
    // Rows first: marks are a little higher or lower than letters.
    let mut rows: Vec<Vec<Piece>> = Vec::new();
    for piece in pieces {
        match rows.iter_mut().rev().take(3).find(|row| is_in_line(&row[0].area, &piece.area)) {
            Some(row) => row.push(piece),
            None => rows.push(vec![piece]),
        }
    }
    for mut row in rows {
        row.sort_by(|one, other| one.area.left.total_cmp(&other.area.left));
        for piece in row {
            let follows = |last: &Piece| {
                let gap = piece.area.left - last.area.right;
                gap > 0.0 && gap < last.area.height() * MAX_WORD_GAP
            };
            match runs
                .last_mut()
                .filter(|run| run.last().is_some_and(|last| is_in_line(&last.area, &piece.area) && follows(last)))
            {
                Some(run) => run.push(piece),
                None => runs.push(vec![piece]),
            }
        }
    }
    runs.retain(|run| run.len() > 1);
    runs
}

/// At gaps that are too wide for one between words, which is twice that between letters and a space.
fn divided(run: Vec<Piece>) -> Vec<Vec<Piece>> {
    let height = run[0].area.height();
    let gaps = run.windows(2).map(|pair| pair[1].area.left - pair[0].area.right);
    let smallest = gaps.chain(run.iter().filter_map(Piece::tracking)).fold(f32::INFINITY, f32::min);
    let furthest = (smallest * 2.0 + height * 0.75).max(height * CAPITAL);
    let mut parts: Vec<Vec<Piece>> = Vec::new();
    for piece in run {
        match parts
            .last_mut()
            .filter(|part| part.last().is_some_and(|last| piece.area.left - last.area.right < furthest))
        {
            Some(part) => part.push(piece),
            None => parts.push(vec![piece]),
        }
    }
    parts.retain(|part| part.len() > 1);
    parts
}

fn is_in_line(one: &Area, other: &Area) -> bool {
    let height = one.height();
    (one.bottom - other.bottom).abs() < height * 0.15 && (height - other.height()).abs() < height * 0.15
}

/// The words of the run, if it has any.
fn words_of(run: &[Piece], page: &Page) -> Option<Vec<Word>> {
    let height = run[0].area.height();
    let gaps: Vec<f32> = run.windows(2).map(|pair| pair[1].area.left - pair[0].area.right).collect();
    let letters: Vec<f32> = gaps
        .iter()
        .zip(run.windows(2))
        .filter(|(_, pair)| pair.iter().all(Piece::is_letter))
        .map(|(gap, _)| *gap)
        .collect();
    let tracked = run.iter().filter_map(Piece::tracking).fold(f32::INFINITY, f32::min);
    let smallest = letters.iter().copied().fold(f32::INFINITY, f32::min);
    if smallest > height * MAX_GAP && tracked == f32::INFINITY {
        return None;
    }
    let is_within = |index: usize| {
        let is_letters = run[index..=index + 1].iter().all(Piece::is_letter);
        is_letters
            && gaps[index] < smallest.min(tracked).max(height * SLACK) * WORD_GAP
            && gaps[index] < height * MAX_GAP
    };
    let even = (0..gaps.len()).filter(|index| is_within(*index)).all(|index| gaps[index] - smallest < height * SLACK);
    if !even {
        return None;
    }
    let mut words: Vec<Word> = Vec::new();
    let mut counts: Vec<usize> = Vec::new();
    for (index, piece) in run.iter().enumerate() {
        match (words.last_mut(), counts.last_mut()) {
            (Some(last), Some(count)) if is_within(index - 1) => {
                last.area = last.area.around(&piece.area);
                last.text.push_str(&piece.text);
                *count += 1;
            }
            _ => {
                words.push(Word { area: piece.area, text: piece.text.clone() });
                counts.push(1);
            }
        }
    }
    let has_tracked = tracked < f32::INFINITY;
    let joined: Vec<&str> =
        words.iter().zip(&counts).filter(|(_, count)| **count > 1).map(|(word, _)| word.text.as_str()).collect();
    let is_one_line = run.iter().all(|piece| (piece.place.0, piece.place.1) == (run[0].place.0, run[0].place.1));
    if joined.is_empty() && (is_one_line || !has_tracked) {
        return None;
    }
    if !joined.iter().all(|word| is_of_one_kind(word)) || run.iter().any(|piece| is_beside_operator(piece, page)) {
        return None;
    }
    let longest = joined.iter().map(|word| word.chars().count()).max().unwrap_or_default();
    let all: usize = joined.iter().map(|word| word.chars().count()).sum();
    let is_typed = smallest < height * TYPED_GAP;
    let is_alone = is_alone(run, page);
    let is_small = joined.iter().any(|word| word.chars().all(char::is_lowercase));
    let needed = match (is_alone, is_typed) {
        (true, true) if is_small => MIN_SMALL_LETTERS,
        (true, _) => MIN_LETTERS,
        (false, _) => MIN_LETTERS_IN_PROSE,
    };
    let is_enough = longest >= MIN_LETTERS && all >= needed || has_tracked;
    if joined.iter().any(|word| is_series(word, is_typed)) {
        return None;
    }
    let likely = |word: &&&str| word.chars().count() >= MIN_LETTERS && is_like_a_word(word, is_typed);
    let likely: usize = joined.iter().filter(likely).map(|word| word.chars().count()).sum();
    // An abbreviation may be between spaced words; letters with spaces between them must form words.
    let is_likely = if is_typed { likely + 4 > all && likely * 3 >= all * 2 } else { likely * 2 >= all };
    (is_enough && (is_likely || joined.is_empty())).then_some(words)
}

/// Whether the run is alone in its lines.
fn is_alone(run: &[Piece], page: &Page) -> bool {
    run.iter().all(|piece| {
        let line = &page.blocks[piece.place.0][piece.place.1];
        let own = run.iter().filter(|other| (other.place.0, other.place.1) == (piece.place.0, piece.place.1)).count();
        own == line.words.len()
    })
}

/// All letters, of one case or with a capital first; or all digits. Marks are at the ends.
fn is_of_one_kind(word: &str) -> bool {
    let bare = bare(word);
    let chars: Vec<char> = bare.chars().filter(|c| !MARKS.contains(&c.to_string().as_str())).collect();
    if chars.iter().all(char::is_ascii_digit) {
        return true;
    }
    let is_capital = |c: &char| c.is_uppercase();
    let rest = chars.get(1..).unwrap_or_default();
    chars.iter().all(|c| c.is_alphabetic()) && (rest.iter().all(is_capital) || !rest.iter().any(is_capital))
}

/// Whether the word is pronounceable: labels of things, columns and notes mostly are not.
fn is_like_a_word(word: &str, is_typed: bool) -> bool {
    let word = bare(word).to_lowercase();
    if word.chars().all(|c| c.is_ascii_digit()) {
        return true;
    }
    let letters: Vec<char> = word.chars().filter(|c| c.is_alphabetic()).collect();
    let Some(vowels) = letters.iter().map(|c| is_vowel(*c)).collect::<Option<Vec<bool>>>() else {
        // Of a script whose vowels are not known here.
        return true;
    };
    let count = vowels.iter().filter(|vowel| **vowel).count();
    let consonants = vowels.split(|vowel| *vowel).map(<[bool]>::len).max().unwrap_or_default();
    count * 6 >= vowels.len() && count < vowels.len() && consonants <= if is_typed { 4 } else { 5 }
}

/// Consecutive labels: A, B, C; or ones that skip few letters, like those of vitamins.
fn is_series(word: &str, is_typed: bool) -> bool {
    let letters: Vec<char> = bare(word).to_lowercase().chars().filter(|c| c.is_alphabetic()).collect();
    if letters.len() < MIN_LETTERS {
        return false;
    }
    if SERIES.contains(&bare(word).to_uppercase().as_str()) {
        return true;
    }
    let steps: Vec<i64> =
        letters.windows(2).map(|pair| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]))).collect();
    let next = steps.iter().filter(|step| **step == 1).count();
    let sum: i64 = steps.iter().sum();
    let is_rising = steps.iter().all(|step| *step > 0)
        && sum * 2 <= i64::try_from(steps.len()).unwrap_or(i64::MAX).saturating_mul(5);
    next * 4 >= steps.len() * 3 || is_typed && letters.len() > 2 && is_rising
}

/// `None` for unknown scripts.
fn is_vowel(c: char) -> Option<bool> {
    Some(match u32::from(c) {
        0x61..0x250 => {
            let is_consonant = matches!(
                c,
                'b' | 'c'
                    | 'd'
                    | 'f'
                    | 'g'
                    | 'h'
                    | 'j'
                    | 'k'
                    | 'l'
                    | 'm'
                    | 'n'
                    | 'p'
                    | 'q'
                    | 'r'
                    | 's'
                    | 't'
                    | 'v'
                    | 'w'
                    | 'x'
                    | 'z'
                    | 'ß'
                    | 'ç'
                    | 'ñ'
                    | 'ð'
                    | 'þ'
                    | 'ć'
                    | 'č'
                    | 'ď'
                    | 'đ'
                    | 'ğ'
                    | 'ģ'
                    | 'ķ'
                    | 'ļ'
                    | 'ł'
                    | 'ľ'
                    | 'ń'
                    | 'ň'
                    | 'ņ'
                    | 'ŕ'
                    | 'ř'
                    | 'ś'
                    | 'ş'
                    | 'š'
                    | 'ť'
                    | 'ţ'
                    | 'ź'
                    | 'ż'
                    | 'ž'
            );
            !is_consonant
        }
        0x370..0x400 => "αεηιουωάέήίόύώϊϋΐΰ".contains(c),
        0x400..0x530 => "аеёиоуыэюяіїєў".contains(c),
        _ => return None,
    })
}

/// Without what follows it.
fn bare(text: &str) -> &str {
    let mark = |c: char| matches!(c, '.' | ',' | ':' | ';' | '!' | '?' | ')' | '(' | '"' | '“' | '”' | '„' | '«' | '»');
    text.trim_matches(mark)
}

fn is_wide(c: char) -> bool {
    u32::from(c) >= 0x1100 && !(0x1E00..0x2000).contains(&u32::from(c))
}

fn is_beside_operator(piece: &Piece, page: &Page) -> bool {
    let words = &page.blocks[piece.place.0][piece.place.1].words;
    let at = piece.place.2;
    let is_operator = |word: Option<&Word>| word.is_some_and(|word| OPERATORS.contains(&word.text.as_str()));
    is_operator(at.checked_sub(1).and_then(|before| words.get(before))) || is_operator(words.get(at + 1))
}

/// Whether the letters are above or below others in columns, like the cells of a table.
fn is_row_of_cells(run: &[Piece], page: &Page) -> bool {
    let letters: Vec<&Piece> = run.iter().filter(|piece| piece.is_letter()).collect();
    let height = run[0].area.height();
    // Wider ones would not fit into such a column.
    let steps = letters.windows(2).map(|pair| pair[1].area.left - pair[0].area.left);
    let pitch = steps.fold(f32::INFINITY, f32::min) * 1.3;
    let near = |piece: &Piece, line: &Line| {
        let step = (line.area.middle() - piece.area.middle()).abs();
        step > height * 0.8 && step < height * 6.0
    };
    let is_cell = |piece: &&&Piece| {
        let middle = f32::midpoint(piece.area.left, piece.area.right);
        page.blocks.iter().flatten().filter(|line| near(piece, line)).any(|line| {
            line.words.iter().enumerate().any(|(at, word)| {
                let gap_before =
                    at.checked_sub(1).map_or(f32::MAX, |before| word.area.left - line.words[before].area.right);
                let gap_after = line.words.get(at + 1).map_or(f32::MAX, |next| next.area.left - word.area.right);
                let is_lone = gap_before > height * TYPED_GAP && gap_after > height * TYPED_GAP;
                let is_short = word.area.width() < pitch;
                let is_over = (f32::midpoint(word.area.left, word.area.right) - middle).abs() < height * 0.15
                    || (word.area.left - piece.area.left).abs() < height * 0.08
                    || (word.area.right - piece.area.right).abs() < height * 0.08;
                is_lone && is_short && is_over
            })
        })
    };
    !letters.is_empty() && letters.iter().filter(is_cell).count() * 2 > letters.len()
}

/// Puts each word at the position of its first letter.
fn replace(page: &mut Page, changes: Vec<(Vec<Place>, Vec<Word>)>) {
    let mut gone: std::collections::HashSet<Place> = std::collections::HashSet::new();
    let mut new: std::collections::HashMap<Place, Vec<Word>> = std::collections::HashMap::new();
    for (places, words) in changes {
        new.insert(places[0], words);
        gone.extend(places);
    }
    if gone.is_empty() {
        return;
    }
    for (block, lines) in page.blocks.iter_mut().enumerate() {
        for (at, line) in lines.iter_mut().enumerate() {
            let old = std::mem::take(&mut line.words);
            for (index, word) in old.into_iter().enumerate() {
                let place = (block, at, index);
                match new.remove(&place) {
                    Some(words) => line.words.extend(words),
                    None if gone.contains(&place) => {}
                    None => line.words.push(word),
                }
            }
            if let Some(area) = line.words.iter().map(|word| word.area).reduce(|area, word| area.around(&word)) {
                line.area = line.area.around(&area);
            }
        }
        lines.retain(|line| !line.words.is_empty());
    }
    page.blocks.retain(|block| !block.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A letter at each of these places, 5 points wide and 10 high, in a line.
    fn line(letters: &[(&str, f32)]) -> Vec<String> {
        let word = |(text, left): &(&str, f32)| Word {
            text: (*text).to_owned(),
            area: Area { left: *left, top: 0.0, right: left + 5.0, bottom: 10.0 },
        };
        let words: Vec<Word> = letters.iter().map(word).collect();
        let area = words.iter().map(|word| word.area).reduce(|area, word| area.around(&word)).unwrap();
        let mut page = Page { height: 800.0, blocks: vec![vec![Line { area, words }]] };
        join(&mut page);
        page.blocks[0][0].words.iter().map(|word| word.text.clone()).collect()
    }

    /// Letters three points apart, words ten.
    fn spread(text: &str) -> String {
        let mut letters = Vec::new();
        let mut left = 0.0;
        for c in text.chars() {
            if c == ' ' {
                left += 7.0;
                continue;
            }
            letters.push((c.to_string(), left));
            left += 8.0;
        }
        line(&letters.iter().map(|(text, left)| (text.as_str(), *left)).collect::<Vec<_>>()).join(" ")
    }

    #[test]
    fn letters_that_stand_evenly_apart_are_words() {
        let apart = [("T", 0.0), ("H", 8.0), ("E", 16.2), ("E", 32.0), ("N", 40.0), ("D", 48.0)];
        assert_eq!(line(&apart), ["THE", "END"]);
        for text in ["CHAPTER ONE", "summary of the year", "ПЕРВАЯ ГЛАВА", "Η ΓΕΦΥΡΑ", "PART II", "Report 2023"]
        {
            assert_eq!(spread(text), text);
        }
    }

    #[test]
    fn names_and_letters_that_stand_anyhow_are_left_alone() {
        assert_eq!(line(&[("A", 0.0), ("B", 8.0), ("C", 16.0)]), ["A", "B", "C"]);
        assert_eq!(line(&[("x", 0.0), ("y", 8.0), ("a", 17.5), ("n", 27.5)]), ["x", "y", "a", "n"]);
        assert_eq!(line(&[("I", 0.0), ("O", 8.0)]), ["I", "O"]);
        for names in ["ACDEK", "SML", "WDL", "MTWTFSS", "JFMAMJJASOND", "CDEFGAB", "abe", "Nf3Nc6", "aeiou"] {
            let apart: Vec<String> = names.chars().map(|c| c.to_string()).collect();
            assert_eq!(spread(names), apart.join(" "));
        }
    }
}
