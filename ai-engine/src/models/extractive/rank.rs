//! Ranks the sentences that may answer the question.

use std::collections::{HashMap, HashSet};

use collabry_shared::conversations::Citation;

use super::sentences::sentences;
use crate::embeddings::dot;
use crate::retrieval::followup::content_words;

/// The most sentences to embed, which takes nearly all the time of an answer. With four times as many, `eval` finds the
/// same share of right quotes.
const MAX_CANDIDATES: usize = 8;

/// All sentences of this many best passages are candidates; of the others only those that share a word with the
/// question.
const WHOLE_PASSAGES: u32 = 3;

/// The weight of the meaning in a sentence's score; the rest is for the share of the question's words that it has. A
/// change requires new thresholds in `compose`.
const MEANING: f32 = 0.75;

/// A sentence of a passage, and how well it fits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ranked {
    /// The number of the passage.
    pub number: u32,
    /// The position in the passage.
    pub place: usize,
    pub text: String,
    /// The share of the question's content words that it has, from 0 to 1.
    pub overlap: f32,
    /// The cosine of question and sentence.
    pub similarity: f32,
}

impl Ranked {
    pub fn score(&self) -> f32 {
        MEANING * self.similarity + (1.0 - MEANING) * self.overlap
    }
}

/// The sentences worth embedding, each text once: those with the question's rarest words.
pub(super) fn candidates(query: &str, passages: &[Citation]) -> Vec<Ranked> {
    let wanted: HashSet<String> = content_words(query).map(|word| stem(&word)).collect();
    let mut seen = HashSet::new();
    let mut found: Vec<(Ranked, Vec<&String>)> = Vec::new();
    for passage in passages {
        for (place, text) in sentences(&passage.text).into_iter().enumerate() {
            let has: HashSet<String> = content_words(&text).map(|word| stem(&word)).collect();
            let shared: Vec<_> = wanted.iter().filter(|word| has.contains(*word)).collect();
            if (!shared.is_empty() || passage.number <= WHOLE_PASSAGES) && seen.insert(text.clone()) {
                let overlap = share(shared.len(), wanted.len());
                found.push((Ranked { number: passage.number, place, text, overlap, similarity: 0.0 }, shared));
            }
        }
    }
    let rarity = rarity(&found);
    let mut weighed: Vec<(f32, Ranked)> =
        found.into_iter().map(|(sentence, shared)| (shared.iter().map(|word| rarity[word]).sum(), sentence)).collect();
    // The sort is stable: among equals, sentences of better passages stay first.
    weighed.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    weighed.truncate(MAX_CANDIDATES);
    weighed.into_iter().map(|(_, sentence)| sentence).collect()
}

/// The weight of each word of the question: the fewer sentences have it, the higher.
fn rarity<'a>(found: &[(Ranked, Vec<&'a String>)]) -> HashMap<&'a String, f32> {
    let mut having: HashMap<&String, usize> = HashMap::new();
    for word in found.iter().flat_map(|(_, shared)| shared) {
        *having.entry(word).or_default() += 1;
    }
    having.into_iter().map(|(word, count)| (word, -share(count, found.len() + 1).ln())).collect()
}

/// Ranks the candidates, best first. `vectors` are those of the question and of each candidate, of unit length.
pub(super) fn rank(mut candidates: Vec<Ranked>, vectors: &[Vec<f32>]) -> Vec<Ranked> {
    if let Some((question, sentences)) = vectors.split_first() {
        for (candidate, vector) in candidates.iter_mut().zip(sentences) {
            candidate.similarity = dot(question, vector);
        }
    }
    candidates.sort_by(|a, b| b.score().total_cmp(&a.score()));
    candidates
}

fn share(part: usize, whole: usize) -> f32 {
    let number = |count: usize| f32::from(u16::try_from(count).unwrap_or(u16::MAX));
    if whole == 0 { 0.0 } else { number(part) / number(whole) }
}

/// The beginning of a word, so that its inflected forms match. A word with a digit is a name or a number, and has no
/// forms.
fn stem(word: &str) -> String {
    const CHARS: usize = 6;
    if word.contains(|c: char| c.is_ascii_digit()) {
        return word.to_owned();
    }
    let word = if word.chars().count() > 3 { word.strip_suffix('s').unwrap_or(word) } else { word };
    word.chars().take(CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::{MAX_CANDIDATES, candidates, rank};
    use crate::models::testing::passage;

    #[test]
    fn forms_of_a_word_meet() {
        let found =
            candidates("Which plants photosynthesise?", &[passage(1, "A plant lives by photosynthesis alone.")]);
        assert!((found[0].overlap - 1.0).abs() < f32::EPSILON, "{found:?}");
    }

    #[test]
    fn the_row_that_is_asked_for_comes_first() {
        let rows = (200..212).map(|n| format!("| Stop{n} | 19{n} | 12 | 700 |")).collect::<Vec<_>>().join("\n");
        let text = format!("| Station | Opened | Depth m | Passengers |\n{rows}");
        let found = candidates("How deep is Stop205?", &[passage(1, &text)]);
        assert_eq!(found[0].text, "Station | Opened | Depth m | Passengers … Stop205 | 19205 | 12 | 700");
        assert!(found[0].overlap > found[1].overlap, "{found:?}");
    }

    #[test]
    fn the_same_sentence_of_overlapping_passages_comes_once() {
        let text = "The heart has four chambers in all.";
        assert_eq!(candidates("heart", &[passage(1, text), passage(2, text)]).len(), 1);
    }

    #[test]
    fn candidates_are_bounded() {
        let many = (0..100).map(|n| format!("The heart of number {n} beats.")).collect::<Vec<_>>().join(" ");
        assert_eq!(candidates("heart", &[passage(1, &many)]).len(), MAX_CANDIDATES);
    }

    #[test]
    fn rare_words_choose_the_candidates() {
        let common = (0..40).map(|n| format!("The heart of the whale in case {n} beats.")).collect::<Vec<_>>();
        let text = format!("{} A hummingbird has a fast one.", common.join(" "));
        let found = candidates("heart whale hummingbird", &[passage(1, &text)]);
        assert_eq!(found[0].text, "A hummingbird has a fast one.");
    }

    #[test]
    fn meaning_comes_before_words() {
        let passages = [passage(1, "The question is about the heart. Blood is moved by a hollow muscle.")];
        let found = candidates("What is the heart?", &passages);
        let vectors = vec![vec![1.0, 0.0], vec![0.1, 0.99], vec![0.9, 0.43]];
        assert_eq!(rank(found, &vectors)[0].text, "Blood is moved by a hollow muscle.");
    }
}
