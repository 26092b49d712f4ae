//! Answers that fail, or end too early.

use collabry_shared::conversations::{MessageStatus, Rewrite};
use collabry_shared::generations::{GenerationEvent, GenerationState};
use scripted_provider::{Ending, Reply};

use super::{SCRIPTED, assert_well_formed, first_delta};
use crate::world::{World, hangs, says, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_an_answer_that_says_so() {
    let world = World::new().await;
    let engine = world.engine(4).await;
    world.scripted.script([Reply { status: 401, ..Reply::default() }]);
    let generation = world.ask(&engine.stores, "Why?", SCRIPTED).await;
    let events = engine.run(&generation).await;
    assert_well_formed(&events);
    let answer = engine.message(generation.answer_id).await.unwrap();
    let failure = answer.failure.clone().unwrap();
    assert_eq!((answer.status, failure.code.as_str()), (MessageStatus::Failed, "provider_refused"));
    assert_eq!(events.last().unwrap().event, GenerationEvent::Failed { failure, text_length: Some(0) });
    assert_eq!(engine.state(&generation).await, GenerationState::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_in_the_middle_keeps_the_text() {
    let world = World::new().await;
    let engine = world.engine(4).await;
    world.scripted.script([Reply { end: Ending::Abort, after: Some(3), ..says("Blood moves [1] around") }]);
    let generation = world.ask(&engine.stores, "Why?", SCRIPTED).await;
    let events = engine.run(&generation).await;
    let answer = engine.message(generation.answer_id).await.unwrap();
    assert_eq!((answer.content.as_str(), answer.status), ("Blood moves [1] ", MessageStatus::Failed));
    assert_eq!((answer.failure.unwrap().code.as_str(), answer.citations.len()), ("provider_cut_off", 1));
    assert_eq!(text(&events), answer.content);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_model_and_a_deleted_question_are_failures() {
    let world = World::new().await;
    let engine = world.engine(4).await;
    let generation = world.ask(&engine.stores, "Why?", "nobody/large").await;
    engine.run(&generation).await;
    assert_eq!(engine.message(generation.answer_id).await.unwrap().failure.unwrap().code, "model_not_found");

    let generation = world.ask(&engine.stores, "Why?", SCRIPTED).await;
    let (conversation, now) = (generation.conversation_id, generation.created_at);
    engine.stores.conversations.rewrite(conversation, generation.question_id, &Rewrite::Delete, now).await.unwrap();
    let end = engine.run(&generation).await.pop().unwrap().event;
    assert!(matches!(end, GenerationEvent::Failed { failure, .. } if failure.code == "question_deleted"));
    assert_eq!(engine.message(generation.answer_id).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_conversation_ends_its_log() {
    let world = World::new().await;
    let engine = world.engine(4).await;
    world.scripted.script([hangs()]);
    let generation = world.ask(&engine.stores, "Why?", SCRIPTED).await;
    engine.runner.start(generation.id).await.unwrap();
    first_delta(&engine, &generation).await;
    assert!(
        engine
            .stores
            .conversations
            .mark_deleted(generation.conversation_id, None, generation.created_at)
            .await
            .unwrap()
    );
    assert!(engine.runner.stop(generation.id).await.unwrap());
    assert_well_formed(&engine.events(&generation).await);
}
