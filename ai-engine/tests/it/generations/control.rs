//! Starting, stopping, waiting for a place, shutting down.

use std::time::Duration;

use collabry_shared::conversations::MessageStatus;
use collabry_shared::engine::EngineError;
use collabry_shared::generations::GenerationState;
use jiff::SignedDuration;

use super::{SCRIPTED, assert_done, assert_well_formed, first_delta};
use crate::world::{World, hangs, says, silent};

#[tokio::test(flavor = "multi_thread")]
async fn starting_twice_runs_once() {
    let world = World::new().await;
    let engine = world.engine(4).await;
    world.scripted.script([says("Once."), says("Twice.")]);
    let generation = world.ask(&engine.stores, "Why?", SCRIPTED).await;
    let (first, second) = tokio::join!(engine.runner.start(generation.id), engine.runner.start(generation.id));
    assert!(first.is_ok() && second.is_ok());
    assert_well_formed(&engine.events(&generation).await);
    engine.runner.start(generation.id).await.unwrap();
    assert_eq!(world.scripted.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_keeps_the_text_so_far() {
    let world = World::new().await;
    let engine = world.engine(4).await;
    world.scripted.script([hangs()]);
    let generation = world.ask(&engine.stores, "Why?", SCRIPTED).await;
    engine.runner.start(generation.id).await.unwrap();
    first_delta(&engine, &generation).await;
    assert!(engine.runner.stop(generation.id).await.unwrap());
    let events = engine.events(&generation).await;
    assert_well_formed(&events);
    assert_done(&events, &generation, GenerationState::Stopped);
    let answer = engine.message(generation.answer_id).await.unwrap();
    assert_eq!((answer.content.as_str(), answer.status), ("Blood ", MessageStatus::Stopped));
    assert_eq!(engine.state(&generation).await, GenerationState::Stopped);
    assert!(!engine.runner.stop(generation.id).await.unwrap(), "it is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_before_the_first_text_has_an_end_too() {
    let world = World::new().await;
    let engine = world.engine(1).await;
    world.scripted.script([silent()]);
    let running = world.ask(&engine.stores, "Why?", SCRIPTED).await;
    engine.runner.start(running.id).await.unwrap();
    engine.events_until(&running, |event| event.name() == "citations").await;
    let waiting = world.ask(&engine.stores, "And?", SCRIPTED).await;
    engine.runner.start(waiting.id).await.unwrap();
    let queued = world.ask(&engine.stores, "So?", SCRIPTED).await;
    for generation in [&queued, &waiting, &running] {
        assert!(engine.runner.stop(generation.id).await.unwrap());
        assert_done(&engine.events(generation).await, generation, GenerationState::Stopped);
        assert_eq!(engine.message(generation.answer_id).await.unwrap().status, MessageStatus::Stopped);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_place_it_waits_in_the_store_and_is_refused_in_the_end() {
    let world = World::new().await;
    let engine = world.engine(1).await;
    world.scripted.script(vec![hangs(); 9]);
    let mut admitted = Vec::new();
    let refused = loop {
        let generation = world.ask(&engine.stores, "Why?", SCRIPTED).await;
        match engine.runner.start(generation.id).await {
            Ok(()) => {
                if admitted.is_empty() {
                    // Whose place it is does not follow from the order of starting.
                    first_delta(&engine, &generation).await;
                }
                admitted.push(generation);
            }
            Err(error) => {
                assert!(matches!(error, EngineError::Busy));
                break generation;
            }
        }
    };
    assert_eq!(admitted.len(), 3, "one writes and two wait");
    assert_eq!(engine.state(&refused).await, GenerationState::Queued);

    // A place becomes free: it is taken from the store.
    let freed = admitted.remove(0);
    assert!(engine.runner.stop(freed.id).await.unwrap());
    engine.events(&freed).await;
    let late = world.ask(&engine.stores, "Too?", SCRIPTED).await;
    while engine.state(&refused).await == GenerationState::Queued {
        world.clock.advance(SignedDuration::from_secs(1));
        engine.runner.recover().await.unwrap();
        tokio::task::yield_now().await;
    }

    // No place for a minute: somebody has to be told.
    world.clock.advance(SignedDuration::from_secs(61));
    engine.runner.recover().await.unwrap();
    assert_eq!(engine.message(late.answer_id).await.unwrap().failure.unwrap().code, "engine_busy");
    assert_well_formed(&engine.events(&late).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_ends_everything_with_the_text_so_far() {
    let world = World::new().await;
    let engine = world.engine(1).await;
    world.scripted.script([hangs()]);
    let running = world.ask(&engine.stores, "Why?", SCRIPTED).await;
    engine.runner.start(running.id).await.unwrap();
    first_delta(&engine, &running).await;
    let waiting = world.ask(&engine.stores, "And?", SCRIPTED).await;
    engine.runner.start(waiting.id).await.unwrap();
    engine.runner.shutdown(Duration::ZERO).await;
    for (generation, content) in [(&running, "Blood "), (&waiting, "")] {
        let answer = engine.message(generation.answer_id).await.unwrap();
        assert_eq!((answer.content.as_str(), answer.status), (content, MessageStatus::Interrupted));
        assert_well_formed(&engine.events(generation).await);
    }
    let refused = world.ask(&engine.stores, "More?", SCRIPTED).await;
    assert!(matches!(engine.runner.start(refused.id).await, Err(EngineError::Busy)));
}
