use std::collections::VecDeque;

use super::{AnswerEvent, ThinkFirst};

/// The text of an answer that arrives in chunks of `size` characters, whether text was retracted, and whether there was
/// a thought.
fn answer(think_first: &ThinkFirst, text: &str, size: usize) -> (String, bool, bool) {
    let mut filter = think_first.filter("m");
    let mut events = VecDeque::new();
    let chars: Vec<char> = text.chars().collect();
    for chunk in chars.chunks(size) {
        filter.push(&chunk.iter().collect::<String>());
        filter.drain(&mut events);
    }
    filter.finish(&mut events);
    let (mut text, mut retracted) = (String::new(), false);
    for event in events {
        match event {
            AnswerEvent::Text(more) => text.push_str(&more),
            AnswerEvent::Retracted => {
                retracted = true;
                text.clear();
            }
            AnswerEvent::Thinking | AnswerEvent::CutOff(_) | AnswerEvent::Usage(_) => {}
        }
    }
    (text, retracted, filter.has_thought())
}

#[test]
fn thoughts_at_the_beginning_are_no_text_however_they_are_cut() {
    for text in [
        "<think>\nsecret [2]\n</think>\n\nIt is 42 [1].",
        "\n <THINK>secret</Think>It is 42 [1].",
        "<thinking>a</thinking> <think>b </thinking> c</think>\nIt is 42 [1].",
        "<reasoning>secret < / ></reasoning>It is 42 [1].",
        "<think>\n\n</think>\n\nIt is 42 [1].",
        "[THINK]secret[/THINK]It is 42 [1].",
        "◁think▷secret◁/think▷It is 42 [1].",
        "<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>It is 42 [1].",
        "</think>\n\nIt is 42 [1].",
    ] {
        for size in 1..=text.chars().count() {
            let (left, retracted, thought) = answer(&ThinkFirst::default(), text, size);
            assert_eq!((left.as_str(), retracted, thought), ("It is 42 [1].", false, true), "{text:?} by {size}");
        }
    }
}

#[test]
fn a_thought_that_nothing_opened_is_taken_back_once_and_then_held() {
    let text = "secret `a` [2]\n</think>\n\nIt is 42 [1].";
    for size in 1..=text.len() {
        let models = ThinkFirst::default();
        let (left, retracted, thought) = answer(&models, text, size);
        assert_eq!((left.as_str(), thought), ("It is 42 [1].", true), "by {size}");
        assert!(retracted || size > 15, "by {size}");
        assert_eq!(answer(&models, text, size), ("It is 42 [1].".to_owned(), false, true), "held, by {size}");
    }
}

#[test]
fn a_model_that_no_longer_thinks_is_not_held_twice() {
    let models = ThinkFirst::default();
    answer(&models, "secret</think>Yes.", 100);
    assert_eq!(answer(&models, "Plain.", 2), ("Plain.".to_owned(), false, false));
    let mut events = VecDeque::new();
    let mut filter = models.filter("m");
    filter.push("Plain ");
    filter.drain(&mut events);
    assert_eq!(events, [AnswerEvent::Text("Plain ".to_owned())]);
}

#[test]
fn a_thought_without_end_leaves_nothing() {
    for size in [1, 3, 100] {
        let models = ThinkFirst::default();
        assert_eq!(answer(&models, "<think> It is 42. </thin", size), (String::new(), false, true));
        assert_eq!(answer(&models, "<think>a</think> \n", size), (String::new(), false, true));
    }
}

#[test]
fn text_about_tags_is_text() {
    for text in [
        "Models write <think> and </think> around thoughts.",
        "Write `</think>` at the end.",
        "```xml\n</think>\n```\nIs how it ends.",
        "It is 42 <think>not a thought</think> [1].",
        "> <think>quoted</think>",
        "`<think>` opens it.",
        "  indented",
        "<thin",
        "<b>bold</b> </thin",
        "a < b",
        "42",
    ] {
        for size in 1..=text.len() {
            let (left, retracted, thought) = answer(&ThinkFirst::default(), text, size);
            assert_eq!((left.as_str(), retracted, thought), (text, false, false), "{text:?} by {size}");
        }
    }
}
