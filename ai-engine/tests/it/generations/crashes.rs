//! Engines that die, hang or lose their lease in the middle.

use std::sync::Arc;
use std::time::Duration;

use collabry_shared::clock::{Clock as _, ManualClock};
use collabry_shared::conversations::{Author, ClientId, Content, MessageStatus, NewMessage};
use collabry_shared::generations::{Generation, GenerationEvent, GenerationState, lease};
use collabry_shared::ids::OwnerId;
use collabry_shared::realtime::{LocalFanOut, MessageChange, Published, Signal};
use jiff::SignedDuration;
use scripted_provider::{Ending, Reply};

use super::{SCRIPTED, assert_done, assert_well_formed, first_delta, names};
use crate::world::{World, hangs, says, silent, text};

/// Runs an engine in a runtime of its own up to the first event named `until`, then ends the runtime in the middle.
async fn crash(world: World, question: &'static str, until: &'static str) -> (World, Generation) {
    tokio::task::spawn_blocking(move || {
        let process = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let generation = process.block_on(async {
            let engine = world.engine(4).await;
            let generation = world.ask(&engine.stores, question, SCRIPTED).await;
            engine.runner.start(generation.id).await.unwrap();
            engine.events_until(&generation, |event| event.name() == until).await;
            world.scripted.until_asked(1).await;
            generation
        });
        process.shutdown_background();
        (world, generation)
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_the_text_so_far_is_the_answer() {
    let world = World::new().await;
    world.scripted.script([hangs(), says("never")]);
    let (world, generation) = crash(world, "Why?", "delta").await;
    let engine = world.engine(4).await;
    engine.runner.recover().await.unwrap();
    assert_eq!(engine.state(&generation).await, GenerationState::Running, "the lease still holds");
    world.pass_leases();
    engine.runner.recover().await.unwrap();
    let events = engine.events(&generation).await;
    assert_well_formed(&events);
    assert_done(&events, &generation, GenerationState::Interrupted);
    let answer = engine.message(generation.answer_id).await.unwrap();
    assert_eq!((answer.content.as_str(), answer.status), ("Blood ", MessageStatus::Interrupted));
    assert_eq!(world.scripted.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_without_text_it_begins_again() {
    let world = World::new().await;
    world.scripted.script([silent(), says("At last [2].")]);
    let (world, generation) = crash(world, "Why?", "citations").await;
    let engine = world.engine(4).await;
    engine.runner.recover_as_only_engine().await.unwrap();
    let events = engine.events(&generation).await;
    assert_well_formed(&events);
    assert_eq!(names(&events), ["started", "citations", "delta", "done"]);
    let answer = engine.message(generation.answer_id).await.unwrap();
    assert_eq!((answer.content.as_str(), answer.status), ("At last [2].", MessageStatus::Complete));
    assert_eq!(answer.citations[0].number, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_engine_begins_again_what_a_dead_one_has_shown_nothing_of() {
    let world = World::new().await;
    world.scripted.script([silent(), says("At last [2].")]);
    let (world, generation) = crash(world, "Why?", "started").await;
    let other = world.engine(4).await;
    world.pass_leases();
    other.runner.recover().await.unwrap();
    let events = other.events(&generation).await;
    assert_well_formed(&events);
    assert_eq!((names(&events), text(&events)), (vec!["started", "citations", "delta", "done"], "At last [2].".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_engine_what_a_dead_one_left_still_ends() {
    let world = World::new().await;
    world.scripted.script([Reply { end: Ending::Hang, after: Some(2), ..says("Blood [3] moves around") }]);
    let (world, generation) = crash(world, "Why?", "delta").await;
    let mut other = world.engine(4).await;
    let (fan_out, mut published) = LocalFanOut::new();
    let clock = Arc::new(world.clock.clone());
    let endings = other.stores.endings(Arc::new(fan_out), clock.clone());
    assert_eq!(endings.end_abandoned(OwnerId::new(), clock.now()).await.unwrap(), 0, "the lease still holds");
    world.pass_leases();
    assert_eq!(endings.end_abandoned(OwnerId::new(), clock.now()).await.unwrap(), 1);
    let events = other.events(&generation).await;
    assert_well_formed(&events);
    assert_done(&events, &generation, GenerationState::Interrupted);
    let answer = other.message(generation.answer_id).await.unwrap();
    assert_eq!((answer.content, answer.status), (text(&events), MessageStatus::Interrupted));
    assert!(text(&events).starts_with("Blood "), "{events:?}");
    let signal = published.recv().await.unwrap();
    assert!(matches!(signal, Published::Signal(Signal::GenerationRunning { .. })), "the relays hear of it first");
    assert!(
        matches!(published.recv().await.unwrap(), Published::Changed(message) if MessageChange::of(&message) == MessageChange::New)
    );
    other.runner.recover().await.unwrap();
    assert_eq!(other.published().await, [], "nothing is left to do");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_the_steps_of_the_end_leaves_one_end() {
    let world = World::new().await;
    let engine = world.engine(4).await;
    for (status, state) in [
        (MessageStatus::Complete, GenerationState::Done),
        (MessageStatus::Stopped, GenerationState::Stopped),
        (MessageStatus::Interrupted, GenerationState::Interrupted),
    ] {
        let generation = world.ask(&engine.stores, "Why?", SCRIPTED).await;
        let now = generation.created_at;
        engine.stores.generations.claim(generation.id, OwnerId::new(), now).await.unwrap().unwrap();
        let Generation { question_id, answer_id, ref model, .. } = generation;
        let started = GenerationEvent::Started { question_id, answer_id, model: model.clone() };
        engine.stores.generation_log.append(generation.id, &started).await.unwrap();
        let stored = NewMessage {
            id: answer_id,
            conversation_id: generation.conversation_id,
            client_id: ClientId::of_answer(generation.id),
            author: Author::Assistant { model: model.clone() },
            content: Content::parse("Stored.").unwrap(),
            citations: Vec::new(),
            status,
            failure: None,
            cut_off: None,
            generation_id: Some(generation.id),
            reply_to: Some(question_id),
            asked: None,
            created_at: now,
        };
        engine.stores.conversations.append(&stored).await.unwrap();
        world.pass_leases();
        engine.runner.recover().await.unwrap();
        let events = engine.events(&generation).await;
        assert_well_formed(&events);
        assert_done(&events, &generation, state);
        assert_eq!(engine.message(answer_id).await.unwrap().content, "Stored.");
    }
    assert!(world.scripted.asked().is_empty(), "nothing is asked twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_the_lease_stops_writing() {
    let world = World::new().await;
    let slow = world.engine(4).await;
    world.scripted.script([hangs()]);
    let generation = world.ask(&slow.stores, "Why?", SCRIPTED).await;
    slow.runner.start(generation.id).await.unwrap();
    first_delta(&slow, &generation).await;
    let later = ManualClock::at(world.clock.now() + lease::LEASE + SignedDuration::from_secs(1));
    let other = world.engine_at(&later, 4).await;
    other.runner.recover().await.unwrap();
    assert_done(&other.events(&generation).await, &generation, GenerationState::Interrupted);
    // The engine notices at its next heartbeat; otherwise this would wait for the model's timeout.
    slow.runner.shutdown(Duration::from_secs(20)).await;
    assert_well_formed(&other.events(&generation).await);
    assert_eq!(other.state(&generation).await, GenerationState::Interrupted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_question_is_answered() {
    let world = World::new().await;
    let engine = world.engine(4).await;
    let generation = world.ask(&engine.stores, "Anyone?", SCRIPTED).await;
    engine.runner.recover().await.unwrap();
    assert_eq!(engine.state(&generation).await, GenerationState::Queued, "it may still be on its way");
    world.clock.advance(SignedDuration::from_secs(6));
    engine.runner.recover().await.unwrap();
    assert_done(&engine.events(&generation).await, &generation, GenerationState::Done);
}
