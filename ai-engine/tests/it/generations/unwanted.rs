//! Answers whose message exists already, and answers that nobody wants any more.

use collabry_shared::conversations::{Author, ClientId, Content, MessageStatus, NewMessage, Rewrite};
use collabry_shared::generations::{Generation, GenerationEvent, GenerationState};
use collabry_shared::ids::{GenerationId, MessageId, UserId};

use super::{SCRIPTED, assert_well_formed, first_delta};
use crate::world::{Engine, World, hangs, says};

/// Why it failed.
async fn failed(engine: &Engine, generation: &Generation) -> String {
    let events = engine.events(generation).await;
    assert_well_formed(&events);
    let Some(GenerationEvent::Failed { failure, .. }) = events.last().map(|last| last.event.clone()) else {
        panic!("it did not fail: {events:?}");
    };
    failure.code
}

/// A message as stored by a release that did not reserve such client ids.
async fn squat(engine: &Engine, generation: &Generation) {
    let squatter = NewMessage {
        id: MessageId::new(),
        conversation_id: generation.conversation_id,
        client_id: ClientId::of_answer(generation.id),
        author: Author::User { user_id: UserId::new(), name: "Eve".to_owned() },
        content: Content::parse("No answer for you.").unwrap(),
        citations: Vec::new(),
        status: MessageStatus::Complete,
        failure: None,
        cut_off: None,
        generation_id: None,
        reply_to: None,
        asked: None,
        created_at: generation.created_at,
    };
    engine.stores.conversations.append(&squatter).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_place_is_taken_fails_and_replaces_nothing() {
    let world = World::new().await;
    let engine = world.engine(4).await;
    world.scripted.script([says("Four [1]."), says("Four chambers [1].")]);
    let first = world.ask(&engine.stores, "How many chambers has the heart?", SCRIPTED).await;
    engine.run(&first).await;
    let again = Generation {
        id: GenerationId::new(),
        answer_id: MessageId::new(),
        supersedes: Some(first.answer_id),
        ..first.clone()
    };
    engine.stores.generations.create(&again).await.unwrap();
    squat(&engine, &again).await;
    engine.runner.start(again.id).await.unwrap();
    assert_eq!(failed(&engine, &again).await, "answer_not_stored");
    assert_eq!(engine.state(&again).await, GenerationState::Failed);
    let before = engine.message(first.answer_id).await.unwrap();
    assert_eq!((before.content.as_str(), before.deleted_at), ("Four [1].", None));
    let kept = engine.message(again.answer_id).await.unwrap();
    assert_eq!((kept.content.as_str(), kept.status), ("Four chambers [1].", MessageStatus::Failed));
    assert_eq!(kept.failure.unwrap().code, "answer_not_stored");
}

/// Checks for unwanted answers, and waits until the request to the model has ended.
async fn drop_unwanted(world: &World, engine: &Engine) {
    engine.runner.drop_unwanted().await.unwrap();
    world.scripted.until_idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_while_it_is_answered_stops_the_model_and_stores_nothing() {
    for what in ["question", "conversation", "notebook", "asker"] {
        let world = World::new().await;
        let engine = world.engine(4).await;
        world.scripted.script([hangs(), hangs()]);
        let generation = world.ask(&engine.stores, "Why?", SCRIPTED).await;
        engine.runner.start(generation.id).await.unwrap();
        first_delta(&engine, &generation).await;
        engine.runner.drop_unwanted().await.unwrap();
        assert_eq!(engine.state(&generation).await, GenerationState::Running, "it is wanted");

        let Generation { conversation_id, notebook_id, question_id, requested_by, created_at, .. } = generation;
        let (conversations, notebooks) = (&engine.stores.conversations, &engine.stores.notebooks);
        match what {
            "question" => {
                let gone = conversations.rewrite(conversation_id, question_id, &Rewrite::Delete, created_at);
                assert!(gone.await.unwrap().is_some());
            }
            "conversation" => {
                assert!(conversations.mark_deleted(conversation_id, None, generation.created_at).await.unwrap());
            }
            "notebook" => assert!(notebooks.mark_deleted(notebook_id, None, created_at).await.unwrap()),
            _ => {
                world.another_owner(&engine.stores).await;
                assert!(engine.stores.members.remove_member(notebook_id, requested_by).await.unwrap());
            }
        }
        drop_unwanted(&world, &engine).await;
        let code = if what == "asker" { "asker_left" } else { "question_deleted" };
        assert_eq!(failed(&engine, &generation).await, code, "{what}");
        assert_eq!(engine.message(generation.answer_id).await, None, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_at_the_last_moment_is_not_stored_either() {
    let world = World::new().await;
    let engine = world.engine(4).await;
    world.scripted.script([hangs()]);
    let generation = world.ask(&engine.stores, "Why?", SCRIPTED).await;
    engine.runner.start(generation.id).await.unwrap();
    first_delta(&engine, &generation).await;
    let Generation { conversation_id, question_id, created_at, .. } = generation;
    let gone = engine.stores.conversations.rewrite(conversation_id, question_id, &Rewrite::Delete, created_at);
    assert!(gone.await.unwrap().is_some());
    // No check has run since.
    assert!(engine.runner.stop(generation.id).await.unwrap());
    assert_eq!(failed(&engine, &generation).await, "question_deleted");
    assert_eq!(engine.message(generation.answer_id).await, None);
}
