//! Answers that are streamed and stored.

use std::sync::Arc;
use std::time::Duration;

use collabry_shared::conversations::MessageStatus;
use collabry_shared::generations::{Generation, GenerationState};
use collabry_shared::ids::GenerationId;
use collabry_shared::realtime::{Event, MessageChange, Published, Room, Signal};
use scripted_provider::Reply;

use super::{BUILTIN, SCRIPTED, assert_done, assert_well_formed, first_delta, names};
use crate::world::{World, says, text};

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_streamed_stored_and_announced() {
    let world = World::new().await;
    let mut engine = world.engine(4).await;
    world.scripted.script([says("It pumps blood [1], seventy times a minute [3].")]);
    let generation = world.ask(&engine.stores, "What does the heart do?", SCRIPTED).await;
    let events = engine.run(&generation).await;
    assert_well_formed(&events);
    assert_eq!(names(&events), ["started", "citations", "delta", "done"]);
    assert_done(&events, &generation, GenerationState::Done);

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
    let conversation_id = generation.conversation_id;
    assert_eq!(published[1], Published::Changed(Arc::new(answer.clone())));
    assert_eq!(MessageChange::of(&answer), MessageChange::New);
    let notebook_id = generation.notebook_id;
    let activity = Event::ConversationActivity {
        notebook_id,
        conversation_id,
        head: answer.rev,
        last_message_at: answer.created_at,
    };
    assert_eq!(published[2], Published::Event(Room::Outside(notebook_id, conversation_id), activity));
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
async fn a_question_without_a_subject_is_searched_with_the_one_before() {
    let world = World::new().await;
    let engine = world.engine(4).await;
    for (question, next) in [
        ("How do plants turn light into sugar?", "Why?"),
        ("Wie machen plants aus light den sugar?", "Und warum?"),
        ("Как plants из light делают sugar?", "Почему?"),
        ("plants 怎么用 light 做 sugar？", "为什么？"),
    ] {
        for question in [question, next] {
            let generation = world.ask(&engine.stores, question, BUILTIN).await;
            let answer = text(&engine.run(&generation).await);
            assert!(answer.contains("> Plants turn light into sugar"), "{question}: {answer}");
        }
    }
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
    assert_eq!(answer.content, "I couldn't find anything about that in the selected sources. Try different words.");
    assert_eq!(answer.citations, []);

    let generation = world.ask(&engine.stores, "Wer hat die Weltmeisterschaft im Schach gewonnen?", BUILTIN).await;
    engine.run(&generation).await;
    let answer = engine.message(generation.answer_id).await.unwrap();
    assert!(
        answer.content.starts_with("Dazu habe ich in den ausgewählten Quellen nichts gefunden."),
        "{}",
        answer.content
    );
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
async fn a_complete_answer_replaces_the_old_one_and_a_failed_one_does_not() {
    let world = World::new().await;
    let mut engine = world.engine(4).await;
    world.scripted.script([says("Old."), Reply { status: 400, ..Reply::default() }, says("New."), says("Next.")]);
    let old = world.ask(&engine.stores, "Why?", SCRIPTED).await;
    engine.run(&old).await;
    for (kept, expected) in [(true, MessageStatus::Failed), (false, MessageStatus::Complete)] {
        let again = Generation { supersedes: Some(old.answer_id), ..world.ask(&engine.stores, "x", SCRIPTED).await };
        let again = Generation { id: GenerationId::new(), question_id: old.question_id, ..again };
        engine.stores.generations.create(&again).await.unwrap();
        engine.run(&again).await;
        assert_eq!(engine.message(again.answer_id).await.unwrap().status, expected);
        let old = engine.message(old.answer_id).await.unwrap();
        assert_eq!(old.superseded_by, (!kept).then_some(again.answer_id));
        assert_eq!((old.content.as_str(), old.deleted_at), ("Old.", None));
    }
    let published = engine.published().await;
    let told = |one: &&Published| matches!(one, Published::Changed(message) if message.id == old.answer_id && MessageChange::of(message) == MessageChange::Edited);
    assert_eq!(published.iter().filter(told).count(), 1);
    // The model does not get superseded answers again.
    let engine = world.engine(4).await;
    let next = world.ask(&engine.stores, "And then?", SCRIPTED).await;
    engine.run(&next).await;
    let prompt = world.scripted.asked().last().unwrap().body.to_string();
    assert!(prompt.contains("New.") && !prompt.contains("Old."), "{prompt}");
}
