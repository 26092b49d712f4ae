//! Generations over real storage and a scripted model server: every way to begin, to watch and to end.

use std::time::Duration;

use collabry_shared::conversations::{Author, ClientId, MessageStatus, NewMessage, Rewrite};
use collabry_shared::engine::EngineError;
use collabry_shared::generations::{Generation, GenerationEvent, GenerationState, LoggedEvent};
use collabry_shared::ids::OwnerId;
use collabry_shared::realtime::{Event, Published, Signal};
use jiff::SignedDuration;
use scripted_provider::{Ending, Reply};

use crate::world::{Engine, World, hangs, is_delta, says, silent, text};

const SCRIPTED: &str = "openai/scripted";
const BUILTIN: &str = "builtin/extractive";

fn names(events: &[LoggedEvent]) -> Vec<&'static str> {
    let mut names: Vec<_> = events.iter().map(|logged| logged.event.name()).collect();
    names.dedup();
    names
}

/// Ids count from 1 without gaps, the beginning comes once, and the end is the end.
fn assert_well_formed(events: &[LoggedEvent]) {
    let ids: Vec<_> = events.iter().map(|logged| logged.event_id).collect();
    assert_eq!(ids, (1..=events.len() as u64).collect::<Vec<_>>());
    for name in ["started", "citations"] {
        assert!(events.iter().filter(|logged| logged.event.name() == name).count() <= 1, "{events:?}");
    }
    let ends: Vec<_> = events.iter().filter(|logged| logged.event.is_final()).map(|logged| logged.event_id).collect();
    assert_eq!(ends, [events.len() as u64]);
}

fn done(generation: &Generation, state: GenerationState) -> GenerationEvent {
    GenerationEvent::Done { state, answer_id: generation.answer_id }
}

async fn first_delta(engine: &Engine, generation: &Generation) {
    engine.events_until(generation, is_delta).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_streamed_stored_and_announced() {
    let world = World::new().await;
    let mut engine = world.engine(4).await;
    world.scripted.script([says("It pumps blood [1], seventy times a minute [3].")]);
    let generation = world.ask(&engine.stores, "What does the heart do?", SCRIPTED).await;
    let events = engine.run(&generation).await;
    assert_well_formed(&events);
    assert_eq!(names(&events), ["started", "citations", "delta", "done"]);
    assert_eq!(events.last().unwrap().event, done(&generation, GenerationState::Done));

    let answer = engine.message(generation.answer_id).await.unwrap();
    assert_eq!((answer.content.as_str(), answer.status), (text(&events).as_str(), MessageStatus::Complete));
    let kept: Vec<_> = answer.citations.iter().map(|one| (one.number, one.page, one.source_name.as_str())).collect();
    assert_eq!(kept, [(1, 1, "Body.pdf"), (3, 3, "Body.pdf")]);
    assert!(answer.citations.iter().all(|citation| citation.paged));
    assert_eq!((answer.reply_to, answer.generation_id), (Some(generation.question_id), Some(generation.id)));

    let published = engine.published().await;
    assert!(
        matches!(published[0], Published::Signal(Signal::GenerationRunning { generation_id, .. }) if generation_id == generation.id)
    );
    assert!(matches!(&published[1], Published::Emit(_, Event::MessageNew { message }) if *message == answer));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_is_told_the_passages_and_what_was_said() {
    let world = World::new().await;
    let engine = world.engine(4).await;
    world.scripted.script([says("Four [1]."), says("Yes.")]);
    let first = world.ask(&engine.stores, "How many chambers has the heart?", SCRIPTED).await;
    engine.run(&first).await;
    let second = world.ask(&engine.stores, "Are you sure?", SCRIPTED).await;
    engine.run(&second).await;
    let body = &world.scripted.asked()[1].body;
    let message =
        |at: usize| (body["messages"][at]["role"].as_str().unwrap(), body["messages"][at]["content"].as_str().unwrap());
    assert_eq!(message(0).0, "system");
    assert_eq!(message(1), ("user", "How many chambers has the heart?"));
    assert_eq!(message(2), ("assistant", "Four [1]."));
    assert!(message(3).1.contains("The human heart has four chambers.") && message(3).1.ends_with("Are you sure?"));
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_from_any_event_see_the_same_log() {
    let world = World::new().await;
    let engine = world.engine(4).await;
    world.scripted.script([Reply { tokens: Some(30), between: 10, ..Reply::default() }]);
    let generation = world.ask(&engine.stores, "Count", SCRIPTED).await;
    engine.runner.start(generation.id).await.unwrap();
    first_delta(&engine, &generation).await;
    let late = async {
        let (mut seen, mut after) = (Vec::new(), 2);
        loop {
            let more = engine.stores.generation_log.read(generation.id, after, Duration::from_secs(30)).await.unwrap();
            let Some(last) = more.last() else { break seen };
            after = last.event_id;
            seen.extend(more);
        }
    };
    let (all, late) = tokio::join!(engine.events(&generation), late);
    assert_well_formed(&all);
    assert_eq!(all[2..], late);
    let expected = (1..=30).map(|n| format!("w{n} ")).collect::<Vec<_>>().concat();
    assert_eq!(text(&all), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_built_in_answerer_quotes_and_cites() {
    let world = World::new().await;
    let engine = world.engine(4).await;
    let generation = world.ask(&engine.stores, "How many chambers has the human heart?", BUILTIN).await;
    let events = engine.run(&generation).await;
    let answer = engine.message(generation.answer_id).await.unwrap();
    assert!(answer.content.contains("> The human heart has four chambers."), "{}", answer.content);
    assert!(!answer.content.contains("Plants"), "{}", answer.content);
    assert_eq!(answer.citations[0].number, 1);
    assert_eq!(text(&events), answer.content);

    let generation = world.ask(&engine.stores, "Who won the chess championship?", BUILTIN).await;
    engine.run(&generation).await;
    let answer = engine.message(generation.answer_id).await.unwrap();
    assert_eq!(answer.content, "I found nothing about that in the selected sources.");
    assert_eq!(answer.citations, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_sources_people_are_told_what_to_do() {
    let (world, stores) = World::without_sources().await;
    let engine = world.engine(4).await;
    let generation = world.ask(&stores, "What now?", BUILTIN).await;
    let events = engine.run(&generation).await;
    assert_eq!(names(&events), ["started", "delta", "done"]);
    assert!(text(&events).contains("Add a file or a web page"), "{}", text(&events));

    stores.sources.create(&world.source()).await.unwrap();
    let generation = world.ask(&stores, "And now?", BUILTIN).await;
    assert!(text(&engine.run(&generation).await).contains("not ready yet"));
}

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
    assert_eq!(events.last().unwrap().event, GenerationEvent::Failed { failure });
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
    engine.run(&generation).await;
    assert_eq!(engine.message(generation.answer_id).await.unwrap().failure.unwrap().code, "question_deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_conversation_ends_its_log() {
    let world = World::new().await;
    let engine = world.engine(4).await;
    world.scripted.script([hangs()]);
    let generation = world.ask(&engine.stores, "Why?", SCRIPTED).await;
    engine.runner.start(generation.id).await.unwrap();
    first_delta(&engine, &generation).await;
    assert!(engine.stores.conversations.delete(generation.conversation_id).await.unwrap());
    assert!(engine.runner.stop(generation.id).await.unwrap());
    assert_well_formed(&engine.events(&generation).await);
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
    assert_eq!(events.last().unwrap().event, done(&generation, GenerationState::Stopped));
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
        let end = engine.events(generation).await.pop().unwrap();
        assert_eq!(end.event, done(generation, GenerationState::Stopped));
        assert_eq!(engine.message(generation.answer_id).await.unwrap().status, MessageStatus::Stopped);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_answer_replaces_the_old_one_and_a_failed_one_does_not() {
    let world = World::new().await;
    let mut engine = world.engine(4).await;
    world.scripted.script([says("Old."), Reply { status: 400, ..Reply::default() }, says("New.")]);
    let old = world.ask(&engine.stores, "Why?", SCRIPTED).await;
    engine.run(&old).await;
    for (kept, expected) in [(true, MessageStatus::Failed), (false, MessageStatus::Complete)] {
        let again = Generation { supersedes: Some(old.answer_id), ..world.ask(&engine.stores, "x", SCRIPTED).await };
        let again = Generation { id: collabry_shared::ids::GenerationId::new(), question_id: old.question_id, ..again };
        engine.stores.generations.create(&again).await.unwrap();
        engine.run(&again).await;
        assert_eq!(engine.message(again.answer_id).await.unwrap().status, expected);
        assert_eq!(engine.message(old.answer_id).await.unwrap().deleted_at.is_none(), kept);
    }
    let published = engine.published().await;
    let deleted = |one: &&Published| matches!(one, Published::Emit(_, Event::MessageDeleted { message }) if message.id == old.answer_id);
    assert_eq!(published.iter().filter(deleted).count(), 1);
}

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
async fn without_a_place_it_waits_in_the_store_and_is_refused_in_the_end() {
    let world = World::new().await;
    let engine = world.engine(1).await;
    world.scripted.script(vec![hangs(); 9]);
    let mut admitted = Vec::new();
    let refused = loop {
        let generation = world.ask(&engine.stores, "Why?", SCRIPTED).await;
        match engine.runner.start(generation.id).await {
            Ok(()) => admitted.push(generation),
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
    first_delta(&engine, &freed).await;
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
    assert_eq!(events.last().unwrap().event, done(&generation, GenerationState::Interrupted));
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
            client_id: ClientId::parse(&format!("generation:{}", generation.id)).unwrap(),
            author: Author::Assistant { model: model.clone() },
            content: "Stored.".to_owned(),
            citations: Vec::new(),
            status,
            failure: None,
            generation_id: Some(generation.id),
            reply_to: Some(question_id),
            created_at: now,
        };
        engine.stores.conversations.append(&stored).await.unwrap();
        world.pass_leases();
        engine.runner.recover().await.unwrap();
        let events = engine.events(&generation).await;
        assert_well_formed(&events);
        assert_eq!(events.last().unwrap().event, done(&generation, state));
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
    world.pass_leases();
    let other = world.engine(4).await;
    other.runner.recover().await.unwrap();
    assert_eq!(other.events(&generation).await.last().unwrap().event, done(&generation, GenerationState::Interrupted));
    // Its next heartbeat tells it; without that this would wait for the model's silence to be noticed.
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
    assert_eq!(engine.events(&generation).await.last().unwrap().event, done(&generation, GenerationState::Done));
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
