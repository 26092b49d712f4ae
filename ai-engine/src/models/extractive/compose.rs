//! Composes the text of an extractive answer.

use std::collections::BTreeMap;

use collabry_shared::conversations::Citation;

use super::phrases::Phrases;
use super::rank::Ranked;

const MAX_QUOTES: usize = 5;

/// A sentence with at least this score answers the question. With all-MiniLM-L6-v2, 95 % of the 317 questions that
/// `eval` asks over three documents reach it in the document with the answer, 2 % in the others.
const ANSWERS: f32 = 0.42;

/// A sentence below this score is about something else: 98 % reach it in the document with the answer, 10 % in the
/// others.
const NEAR: f32 = 0.34;

/// A sentence that is this much below the best one adds more words than value.
const BELOW_BEST: f32 = 0.22;

/// Quotes the best of `ranked` (best first), or says that there is no answer.
pub(super) fn answer(phrases: &Phrases, ranked: &[Ranked], passages: &[Citation]) -> String {
    let Phrases { nothing, other_words, closest, .. } = phrases;
    let Some(best) = ranked.first().map(Ranked::score).filter(|score| *score >= NEAR) else {
        return format!("{nothing} {other_words}");
    };
    if best < ANSWERS {
        return format!("{nothing} {closest}\n\n{}", quotes(phrases, &ranked[..1], passages));
    }
    let floor = ANSWERS.max(best - BELOW_BEST);
    let count = ranked.iter().take(MAX_QUOTES).take_while(|one| one.score() >= floor).count();
    format!("{}\n\n{}", phrases.quotes, quotes(phrases, &ranked[..count], passages))
}

/// One block for each passage, starting with that of the best sentence; sentences are in the order of the text.
fn quotes(phrases: &Phrases, chosen: &[Ranked], passages: &[Citation]) -> String {
    let mut order = Vec::new();
    let mut by_passage: BTreeMap<u32, Vec<&Ranked>> = BTreeMap::new();
    for one in chosen {
        if !order.contains(&one.number) {
            order.push(one.number);
        }
        by_passage.entry(one.number).or_default().push(one);
    }
    let block = |number: &u32| {
        let mut sentences = by_passage.remove(number).unwrap_or_default();
        sentences.sort_by_key(|one| one.place);
        let origin = origin(phrases, passages.iter().find(|one| one.number == *number));
        format!("> {} [{number}]\n\n{origin}", joined(&sentences))
    };
    order.iter().map(block).collect::<Vec<_>>().join("\n\n")
}

/// Joins adjacent sentences, and marks gaps.
fn joined(sentences: &[&Ranked]) -> String {
    let mut text = String::new();
    let mut last = None;
    for one in sentences {
        match last {
            None => {}
            Some(place) if place + 1 == one.place => text.push(' '),
            Some(_) => text.push_str(" … "),
        }
        text.push_str(&escape(&one.text));
        last = Some(one.place);
    }
    text
}

fn origin(phrases: &Phrases, passage: Option<&Citation>) -> String {
    match passage {
        Some(passage) if passage.paged => {
            format!("— {}, {} {}", escape(&passage.source_name), phrases.page, passage.page)
        }
        Some(passage) => format!("— {}", escape(&passage.source_name)),
        None => String::new(),
    }
}

/// Escapes brackets in quoted text, which must not become references of the answer.
fn escape(text: &str) -> String {
    text.replace('[', "\\[").replace(']', "\\]")
}

#[cfg(test)]
mod tests {
    use super::{MAX_QUOTES, Phrases, Ranked, answer};
    use crate::models::testing::passage;

    fn sentence(number: u32, place: usize, text: &str, similarity: f32) -> Ranked {
        Ranked { number, place, text: text.to_owned(), overlap: 1.0, similarity }
    }

    #[test]
    fn quotes_are_verbatim_grouped_and_cited() {
        let passages = [passage(1, ""), passage(2, "")];
        let ranked = [
            sentence(2, 4, "It beats [7] daily.", 0.9),
            sentence(1, 0, "First.", 0.85),
            sentence(2, 1, "Before.", 0.8),
            sentence(2, 5, "After.", 0.8),
        ];
        assert_eq!(
            answer(Phrases::of("en"), &ranked, &passages),
            "Your sources say:\n\n> Before. … It beats \\[7\\] daily. After. [2]\n\n— Notes, page 3\n\n> First. [1]\n\n\
             — Notes, page 3"
        );
    }

    #[test]
    fn it_says_when_there_is_no_answer() {
        let far = Ranked { overlap: 0.0, ..sentence(1, 0, "Something else entirely.", 0.2) };
        let english = Phrases::of("en");
        let nothing = format!("{} {}", english.nothing, english.other_words);
        assert_eq!(answer(english, &[far], &[passage(1, "")]), nothing);
        assert_eq!(answer(english, &[], &[]), nothing);
        let near = Ranked { overlap: 0.0, ..sentence(1, 0, "Something near it.", 0.5) };
        let text = answer(english, &[near], &[passage(1, "")]);
        assert!(text.starts_with(english.nothing) && text.contains("> Something near it. [1]"), "{text}");
    }

    #[test]
    fn quotes_are_few() {
        let ranked: Vec<_> = (0..20).map(|place| sentence(1, place * 2, "Same again.", 0.9)).collect();
        assert_eq!(answer(Phrases::of("en"), &ranked, &[passage(1, "")]).matches("Same again.").count(), MAX_QUOTES);
    }
}
