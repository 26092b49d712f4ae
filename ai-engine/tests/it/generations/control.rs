//! Starting, stopping, waiting for a permit, shutting down.

use std::time::Duration;

use collabry_shared::conversations::MessageStatus;
use collabry_shared::engine::EngineError;
use collabry_shared::generations::{GenerationEvent, GenerationState};
use jiff::SignedDuration;
use scripted_provider::Reply;

use super::{BUILTIN, SCRIPTED, assert_done, assert_well_formed, first_delta};
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
                    // The order of starting does not determine who gets the permit.
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

    // There is capacity again: the engine takes it from the store.
    let freed = admitted.remove(0);
    assert!(engine.runner.stop(freed.id).await.unwrap());
    engine.events(&freed).await;
    let late = world.ask(&engine.stores, "Too?", SCRIPTED).await;
    while engine.state(&refused).await == GenerationState::Queued {
        world.clock.advance(SignedDuration::from_secs(1));
        engine.runner.recover().await.unwrap();
        tokio::task::yield_now().await;
    }

    // No capacity for a minute: it has to fail.
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

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_provider_does_not_hold_the_places_of_the_built_in_answerer() {
    let world = World::new().await;
    let engine = world.engine(1).await;
    world.scripted.script(vec![hangs(); 3]);
    let slow = world.ask(&engine.stores, "Why?", SCRIPTED).await;
    engine.runner.start(slow.id).await.unwrap();
    first_delta(&engine, &slow).await;
    for _ in 0..2 {
        let waiting = world.ask(&engine.stores, "And?", SCRIPTED).await;
        engine.runner.start(waiting.id).await.unwrap();
    }
    let refused = world.ask(&engine.stores, "So?", SCRIPTED).await;
    assert!(matches!(engine.runner.start(refused.id).await, Err(EngineError::Busy)));
    let quick = world.ask(&engine.stores, "How many chambers has the heart?", BUILTIN).await;
    assert_done(&engine.run(&quick).await, &quick, GenerationState::Done);

    // Also an unclaimed one behind one that finds no capacity.
    let forgotten = world.ask(&engine.stores, "How often does the heart beat?", BUILTIN).await;
    world.clock.advance(SignedDuration::from_secs(6));
    engine.runner.recover().await.unwrap();
    assert_done(&engine.events(&forgotten).await, &forgotten, GenerationState::Done);
    assert_eq!(engine.state(&refused).await, GenerationState::Queued);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_persons_questions_keep_nobody_else_waiting() {
    let world = World::new().await;
    let engine = world.engine(1).await;
    world.scripted.script([hangs()]);
    let eve = world.ask(&engine.stores, "Why?", SCRIPTED).await;
    engine.runner.start(eve.id).await.unwrap();
    first_delta(&engine, &eve).await;
    let next = world.ask(&engine.stores, "And?", SCRIPTED).await;
    engine.runner.start(next.id).await.unwrap();
    let ada = world.another_owner(&engine.stores).await;
    let hers = world.ask_as(&engine.stores, ada, "How many chambers?", SCRIPTED).await;
    engine.runner.start(hers.id).await.unwrap();
    // Her question came last, but she is served first.
    while engine.runner.load().waiting < 2 {
        tokio::task::yield_now().await;
    }
    world.scripted.script([says("Hers."), hangs()]);
    assert!(engine.runner.stop(eve.id).await.unwrap());
    assert_done(&engine.events(&hers).await, &hers, GenerationState::Done);
    assert_eq!(engine.message(hers.answer_id).await.unwrap().content, "Hers.");
    assert_eq!(engine.state(&next).await, GenerationState::Running);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_question_was_never_stored_is_ended() {
    let world = World::new().await;
    let engine = world.engine(1).await;
    let request = world.request(&engine.stores, SCRIPTED).await;
    for _ in 0..10 {
        world.clock.advance(SignedDuration::from_secs(11));
        engine.runner.recover().await.unwrap();
        assert_eq!(engine.state(&request).await, GenerationState::Queued, "the question may be on its way");
    }
    world.clock.advance(SignedDuration::from_secs(11));
    engine.runner.recover().await.unwrap();
    let end = engine.events(&request).await.pop().unwrap().event;
    assert!(matches!(end, GenerationEvent::Failed { failure, .. } if failure.code == "question_not_stored"));
    assert_eq!(engine.message(request.answer_id).await, None);
    assert!(world.scripted.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_models_that_are_listed_or_allowed_are_asked() {
    let mut world = World::new().await;
    world.allowed = vec!["openai/allowed*".parse().unwrap()];
    let engine = world.engine(4).await;
    let asked = |model: &'static str| {
        let (world, engine) = (&world, &engine);
        async move {
            let generation = world.ask(&engine.stores, "Why?", model).await;
            engine.run(&generation).await;
            let answer = engine.message(generation.answer_id).await.unwrap();
            answer.failure.map(|failure| failure.code)
        }
    };
    let chats = || world.scripted.asked().iter().filter(|asked| !asked.body.is_null()).count();
    world.scripted.script(vec![says("Yes."); 4]);
    assert_eq!(asked("openai/most-expensive").await.as_deref(), Some("model_not_found"));
    assert_eq!(asked("elsewhere/scripted").await.as_deref(), Some("model_not_found"));
    assert_eq!(chats(), 0, "nothing is paid for");
    assert_eq!(asked("openai/scripted").await, None);
    assert_eq!(asked("openai/allowed-alias").await, None);

    // In another process, to which the provider lists nothing: a model that has answered before may be asked.
    world.scripted.listing(Reply { status: 500, ..says("") });
    let engine = world.engine(4).await;
    let again = async |model| {
        let generation = world.ask(&engine.stores, "Why?", model).await;
        engine.run(&generation).await;
        engine.message(generation.answer_id).await.unwrap().failure.map(|failure| failure.code)
    };
    assert_eq!(again("openai/scripted").await, None);
    assert_eq!(again("openai/most-expensive").await.as_deref(), Some("model_unchecked"));
    assert_eq!(again("openai/allowed-alias").await, None);
}
