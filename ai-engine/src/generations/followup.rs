//! Questions that make sense only with the one before.

use collabry_shared::text::fold;
use unicode_segmentation::UnicodeSegmentation;

/// Words that carry a question but not its subject. English; others count as content, so nothing is guessed for them.
const EMPTY_WORDS: &[&str] = &[
    "a", "about", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by",
    "can", "could", "did", "do", "does", "else", "example", "examples", "explain", "for", "from", "give", "had", "has",
    "have", "he", "her", "him", "his", "how", "i", "if", "in", "is", "it", "its", "me", "more", "my", "no", "not",
    "of", "on", "one", "ones", "or", "our", "please", "say", "says", "she", "should", "so", "some", "tell", "than",
    "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "too", "us", "was", "we",
    "were", "what", "when", "where", "which", "who", "whom", "whose", "why", "will", "with", "would", "yes", "you",
    "your",
];

/// Words that point back.
const POINTERS: &[&str] =
    &["it", "its", "he", "him", "his", "she", "her", "they", "them", "their", "that", "this", "these", "those"];

/// Beginnings that go on from what was said.
const OPENINGS: &[&str] = &["and ", "but ", "what about ", "how about ", "what else"];

/// A question with more content than this stands for itself.
const FEW_WORDS: usize = 3;

/// Folded words that say what a text is about.
pub(super) fn content_words(text: &str) -> impl Iterator<Item = String> {
    text.unicode_words().map(fold).filter(|word| !EMPTY_WORDS.contains(&word.as_str()))
}

/// What to search for: the question, after the one before if it leans on it.
pub(super) fn query(question: &str, previous: Option<&str>) -> String {
    match previous {
        Some(previous) if leans_back(question) => format!("{previous}\n{question}"),
        _ => question.to_owned(),
    }
}

fn leans_back(question: &str) -> bool {
    let lower = question.trim().to_lowercase();
    let content = content_words(&lower).count();
    let points = lower.unicode_words().any(|word| POINTERS.contains(&word));
    let goes_on = OPENINGS.iter().any(|opening| lower.starts_with(opening));
    content == 0 || (content <= FEW_WORDS && (points || goes_on))
}

#[cfg(test)]
mod tests {
    use super::{leans_back, query};

    #[test]
    fn questions_that_lean_on_the_one_before() {
        for question in ["Why?", "Tell me more", "And in winter?", "How does it work?", "What about mitosis?"] {
            assert!(leans_back(question), "{question}");
        }
    }

    #[test]
    fn questions_that_stand_for_themselves() {
        for question in
            ["What is photosynthesis?", "Who wrote the constitution?", "Warum ist der Himmel blau?", "chlorophyll"]
        {
            assert!(!leans_back(question), "{question}");
        }
    }

    #[test]
    fn the_question_before_lends_its_words() {
        assert_eq!(query("Why?", Some("Is the sky blue?")), "Is the sky blue?\nWhy?");
        assert_eq!(query("Why?", None), "Why?");
    }
}
