//! Words that are set with space between their letters, as headings often are: each letter comes as a word of its own.

use super::pdf_page::Word;

/// Two letters may be a list of names: A, B.
const MIN_LETTERS: usize = 3;
/// A gap that is so much wider than the smallest of its line stands between two words.
const WORD_GAP: f32 = 1.6;
/// Gaps within a word differ by this part of its height at most.
const SLACK: f32 = 0.08;

/// The line's words, those of letters that stand apart as one each.
pub fn joined(words: Vec<Word>) -> Vec<Word> {
    if words.len() < MIN_LETTERS || !words.iter().all(|word| is_letter(&word.text)) {
        return words;
    }
    let gaps: Vec<f32> = words.windows(2).map(|pair| pair[1].area.left - pair[0].area.right).collect();
    let height = words[0].area.height();
    let smallest = gaps.iter().copied().fold(f32::INFINITY, f32::min);
    let is_within = |gap: f32| gap < smallest.max(height * SLACK) * WORD_GAP;
    let is_even = gaps.iter().filter(|gap| is_within(**gap)).all(|gap| gap - smallest < height * SLACK);
    if smallest <= 0.0 || !is_even || is_alphabet(&words) {
        return words;
    }
    let mut joined: Vec<Word> = Vec::new();
    for (index, word) in words.into_iter().enumerate() {
        match joined.last_mut() {
            Some(last) if is_within(gaps[index - 1]) => {
                last.area = last.area.around(&word.area);
                last.text.push_str(&word.text);
            }
            _ => joined.push(word),
        }
    }
    joined
}

fn is_letter(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none()
}

/// Names that follow each other: A, B, C.
fn is_alphabet(words: &[Word]) -> bool {
    let letters: Vec<u32> = words.iter().filter_map(|word| word.text.chars().next()).map(u32::from).collect();
    letters.windows(2).all(|pair| pair[1].checked_sub(pair[0]) == Some(1))
}

#[cfg(test)]
mod tests {
    use super::super::pdf_page::Area;
    use super::*;

    /// A letter at each of these places, 5 points wide and 10 high.
    fn line(letters: &[(&str, f32)]) -> Vec<String> {
        let word = |(text, left): &(&str, f32)| Word {
            text: (*text).to_owned(),
            area: Area { left: *left, top: 0.0, right: left + 5.0, bottom: 10.0 },
        };
        joined(letters.iter().map(word).collect()).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn letters_that_stand_evenly_apart_are_words() {
        let apart = [("T", 0.0), ("H", 8.0), ("E", 16.2), ("E", 32.0), ("N", 40.0), ("D", 48.0)];
        assert_eq!(line(&apart), ["THE", "END"]);
    }

    #[test]
    fn names_and_letters_that_stand_anyhow_are_left_alone() {
        assert_eq!(line(&[("A", 0.0), ("B", 8.0), ("C", 16.0)]), ["A", "B", "C"]);
        assert_eq!(line(&[("x", 0.0), ("y", 8.0), ("a", 17.5), ("n", 27.5)]), ["x", "y", "a", "n"]);
        assert_eq!(line(&[("I", 0.0), ("O", 8.0)]), ["I", "O"]);
    }
}
