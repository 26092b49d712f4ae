//! Thoughts are not part of the answer, and an answer that ends early is marked.

use collabry_shared::conversations::{CutOff, MessageStatus};
use collabry_shared::generations::{GenerationEvent, GenerationState};
use scripted_provider::Reply;

use super::{SCRIPTED, assert_well_formed, names};
use crate::world::{World, says, text};

/// An answer in these chunks, with this reason at its end.
fn streamed(pieces: &[&str], reason: &str) -> Reply {
    let delta = |text: &&str| serde_json::json!({ "choices": [{ "delta": { "content": text } }] }).to_string();
    let end = serde_json::json!({ "choices": [{ "delta": {}, "finish_reason": reason }] }).to_string();
    let parts = pieces.iter().map(delta).chain([end, "[DONE]".to_owned()]);
    let events: Vec<_> = parts.map(|part| format!("data: {part}\n\n")).collect();
    Reply { raw: Some(events.concat()), ..Reply::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn thoughts_are_neither_shown_nor_stored_nor_cited_nor_sent_back() {
    for thought in [
        vec!["<think>\nsecret [2]\n</think>\n\n"],
        vec!["<th", "ink>secret [2]</thi", "nk>"],
        vec!["secret [2]\n</think>\n"],
    ] {
        let world = World::new().await;
        let engine = world.engine(4).await;
        let pieces = [thought, vec!["It beats [1]."]].concat();
        world.scripted.script([streamed(&pieces, "stop"), says("Yes.")]);
        let first = world.ask(&engine.stores, "What does the heart do?", SCRIPTED).await;
        let events = engine.run(&first).await;
        assert_well_formed(&events);
        assert_eq!(names(&events), ["started", "citations", "delta", "done"]);
        let thinks = |event: &GenerationEvent| matches!(event, GenerationEvent::Delta { thinking: true, .. });
        assert_eq!(events.iter().filter(|logged| thinks(&logged.event)).count(), 1, "that it thinks is told once");
        assert_eq!(text(&events), "It beats [1].");
        let answer = engine.message(first.answer_id).await.unwrap();
        assert_eq!((answer.content.as_str(), answer.status), ("It beats [1].", MessageStatus::Complete));
        assert_eq!(answer.citations.iter().map(|citation| citation.number).collect::<Vec<_>>(), [1]);

        let second = world.ask(&engine.stores, "Are you sure?", SCRIPTED).await;
        engine.run(&second).await;
        let sent = world.scripted.asked()[1].body.to_string();
        assert!(sent.contains("It beats [1].") && !sent.contains("secret") && !sent.contains("think>"), "{sent}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thought_that_was_shown_is_taken_back() {
    let world = World::new().await;
    let engine = world.engine(4).await;
    let raw = Some("data: {\"choices\":[{\"delta\":{\"content\":\"secret [2]\"}}]}\n\n".to_owned());
    let rest = r#"{"choices":[{"delta":{"content":"</think>It beats [1]."},"finish_reason":"stop"}]}"#;
    let rest = Some(format!("data: {rest}\n\n"));
    world.scripted.script([Reply { raw, rest, ..Reply::default() }]);
    let generation = world.ask(&engine.stores, "What does the heart do?", SCRIPTED).await;
    engine.runner.start(generation.id).await.unwrap();
    super::first_delta(&engine, &generation).await;
    world.scripted.go();
    let events = engine.events(&generation).await;
    assert!(
        events.iter().any(|logged| matches!(logged.event, GenerationEvent::Delta { anew: true, .. })),
        "{events:?}"
    );
    assert_eq!(text(&events), "It beats [1].");
    let answer = engine.message(generation.answer_id).await.unwrap();
    assert_eq!(answer.content, "It beats [1].");
    assert_eq!(answer.citations.iter().map(|citation| citation.number).collect::<Vec<_>>(), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_ends_early_says_why_everywhere_and_stays_in_the_history() {
    for (reason, why) in
        [("length", CutOff::Length), ("content_filter", CutOff::Filter), ("tool_calls", CutOff::Unknown)]
    {
        let world = World::new().await;
        let engine = world.engine(4).await;
        world.scripted.script([streamed(&["It has four"], reason), says("Chambers.")]);
        let first = world.ask(&engine.stores, "How many chambers has the heart?", SCRIPTED).await;
        let events = engine.run(&first).await;
        let (state, answer_id) = (GenerationState::Done, first.answer_id);
        let text_length = Some("It has four".chars().count() as u64);
        let done = GenerationEvent::Done { state, answer_id, cut_off: Some(why), text_length };
        assert_eq!(events.last().unwrap().event, done);
        let answer = engine.message(first.answer_id).await.unwrap();
        assert_eq!((answer.status, answer.cut_off), (MessageStatus::Complete, Some(why)));
        let stored = engine.stores.generations.get(first.id).await.unwrap().unwrap();
        assert_eq!(stored.final_event(), Some(done), "also once the log is gone");

        let second = world.ask(&engine.stores, "Four what?", SCRIPTED).await;
        engine.run(&second).await;
        assert!(world.scripted.asked()[1].body.to_string().contains("It has four"));
        assert_eq!(engine.message(second.answer_id).await.unwrap().cut_off, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_comes_says_why() {
    for (pieces, reason, code, words) in [
        (vec!["<think>It is 42."], "stop", "provider_empty", "while thinking"),
        (vec!["<think>It is 42."], "length", "answer_limit_reached", "while thinking"),
        (vec![], "length", "answer_limit_reached", "limit"),
        (vec![], "content_filter", "answer_withheld", "filter"),
    ] {
        let world = World::new().await;
        let engine = world.engine(4).await;
        world.scripted.script([streamed(&pieces, reason)]);
        let generation = world.ask(&engine.stores, "What?", SCRIPTED).await;
        engine.run(&generation).await;
        let answer = engine.message(generation.answer_id).await.unwrap();
        let failure = answer.failure.unwrap();
        assert_eq!((answer.content.as_str(), failure.code.as_str()), ("", code), "{reason}");
        assert!(failure.message.contains(words), "{}", failure.message);
        assert_eq!(world.scripted.asked().len(), 1, "{reason}");
    }
}
