//! How well a ranking answers a question.

use std::collections::HashSet;
use std::ops::Range;

/// A range of a document, in code points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    pub document: String,
    pub range: Range<u64>,
}

/// What `budget` characters of the hits, best first, hold of what is relevant. Overlaps count once; the hit that
/// reaches the budget is cut there.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Coverage {
    /// Relevant characters taken, of all that are relevant.
    pub recall: f64,
    /// Relevant characters taken, of all that were taken.
    pub precision: f64,
}

impl Coverage {
    pub fn of(hits: &[Stretch], relevant: &[Stretch], budget: u64) -> Self {
        let mut taken: HashSet<(&str, u64)> = HashSet::new();
        for character in hits.iter().flat_map(Stretch::characters) {
            if taken.len() as u64 == budget {
                break;
            }
            taken.insert(character);
        }
        let relevant: HashSet<_> = relevant.iter().flat_map(Stretch::characters).collect();
        let covered = relevant.intersection(&taken).count();
        Self { recall: ratio(covered, relevant.len()), precision: ratio(covered, taken.len()) }
    }
}

impl Stretch {
    fn characters(&self) -> impl Iterator<Item = (&str, u64)> {
        self.range.clone().map(|at| (self.document.as_str(), at))
    }
}

/// Share of the relevant ids among the first `count`.
pub fn recall(ranked: &[&str], relevant: &[String], count: usize) -> f64 {
    let found = ranked.iter().take(count).filter(|id| relevant.iter().any(|other| other == *id)).count();
    ratio(found, relevant.len())
}

/// Normalised discounted cumulative gain of the first `count`, where ids are relevant or not.
pub fn ndcg(ranked: &[&str], relevant: &[String], count: usize) -> f64 {
    let gain = |rank: usize| 1.0 / f64::from(u32::try_from(rank).unwrap_or(u32::MAX) + 2).log2();
    let hits = ranked.iter().take(count).enumerate().filter(|(_, id)| relevant.iter().any(|other| other == *id));
    let ideal: f64 = (0..relevant.len().min(count)).map(gain).sum();
    if ideal == 0.0 { 0.0 } else { hits.map(|(rank, _)| gain(rank)).sum::<f64>() / ideal }
}

/// Words that two texts must have in a row for one to hold a part of the other.
const RUN: usize = 8;

/// Whether a part of one text stands in the other, word for word. Marks between words do not matter.
pub fn share_words(a: &str, b: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
    };
    let (a, b) = (words(a), words(b));
    let run = RUN.min(a.len()).min(b.len());
    run > 0 && a.windows(run).any(|part| b.windows(run).any(|other| part == other))
}

pub fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, count) = values.into_iter().fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count == 0.0 { 0.0 } else { sum / count }
}

#[expect(clippy::cast_precision_loss, reason = "counts of characters")]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::{Coverage, Stretch, ndcg, recall, share_words};

    fn stretch(document: &str, range: std::ops::Range<u64>) -> Stretch {
        Stretch { document: document.to_owned(), range }
    }

    #[test]
    fn coverage_counts_overlaps_once_and_cuts_at_the_budget() {
        let hits = [stretch("a", 0..10), stretch("a", 5..15), stretch("b", 0..10)];
        let relevant = [stretch("a", 8..12), stretch("b", 0..4)];
        assert_eq!(Coverage::of(&hits, &relevant, 10), Coverage { recall: 0.25, precision: 0.2 });
        assert_eq!(Coverage::of(&hits, &relevant, 17), Coverage { recall: 0.75, precision: 6.0 / 17.0 });
        assert_eq!(Coverage::of(&hits, &relevant, 1000).recall, 1.0);
    }

    #[test]
    fn texts_meet_in_eight_words_or_the_whole_of_the_shorter() {
        let text = "The lamp was lit in May, and all\nof the town came to see it.";
        assert!(share_words("was lit in May and all of the city", text));
        assert!(share_words("The town came.", "the - town - came"));
        assert!(!share_words("was lit in May and all of them went", text));
        assert!(!share_words("", text));
    }

    #[test]
    fn rankings_are_judged_by_id() {
        let relevant = ["a".to_owned(), "b".to_owned()];
        assert_eq!(recall(&["x", "a", "b"], &relevant, 2), 0.5);
        assert_eq!(ndcg(&["a", "b"], &relevant, 10), 1.0);
        let late = ndcg(&["x", "a"], &relevant, 10);
        assert!(late > 0.38 && late < 0.39, "{late}");
    }
}
