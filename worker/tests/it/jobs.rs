//! What the built-in jobs do.

use std::sync::Arc;

use collabry_shared::auth::Session;
use collabry_shared::clock::{Clock as _, SystemClock};
use collabry_shared::conversations::{Author, ClientId, Content, MessageStatus, NewMessage};
use collabry_shared::generations::{GenerationEvent, GenerationState};
use collabry_shared::ids::{MessageId, NotebookId, NotificationId, OwnerId, SessionId, SourceId};
use collabry_shared::notifications::{About, Notification};
use collabry_shared::pages::Window;
use collabry_shared::realtime::{Event, Published, Room, Signal};
use collabry_shared::sources::{Chunk, Source};
use collabry_shared::storage::Blobs;
use futures::TryStreamExt as _;
use jiff::SignedDuration;
use jiff::civil::Date;

use crate::support::World;

const DAY: i64 = 24 * 60 * 60;

/// A source with a chunk, ready.
async fn ready_source(world: &World, notebook: &collabry_shared::notebooks::Notebook) -> Source {
    let source = world.source(notebook).await;
    let lease = world.now() + SignedDuration::from_secs(60);
    let claim = world.stores.ingest_queue.claim(OwnerId::new(), world.now(), lease).await.unwrap().unwrap();
    let chunk = Chunk {
        index: 0,
        start: 0,
        end: 10,
        page: 1,
        headings: Vec::new(),
        text: "They flow.".to_owned(),
        embedding: vec![1.0, 0.0],
    };
    assert!(world.stores.segments.put_chunks(&claim, &[chunk]).await.unwrap());
    assert!(world.stores.ingest_queue.ready(&claim, None, 1, world.now()).await.unwrap());
    source
}

/// Whether rows of the source are left: its ids are free again when not.
async fn has_rows(world: &World, source: &Source) -> bool {
    world.stores.sources.deleted(jiff::Timestamp::MAX).await.unwrap().iter().any(|(_, id)| *id == source.id)
}

#[tokio::test]
async fn what_was_deleted_is_purged_after_its_retention() {
    let world = World::new().await;
    let (kept, gone) = (world.notebook().await, world.notebook().await);
    let (stays, deleted, below) =
        (ready_source(&world, &kept).await, ready_source(&world, &kept).await, ready_source(&world, &gone).await);
    assert!(world.stores.sources.mark_deleted(kept.id, deleted.id, None, world.now()).await.unwrap());
    assert!(world.stores.notebooks.mark_deleted(gone.id, None, world.now()).await.unwrap());

    let talk = world.conversation(&kept).await;
    assert!(world.stores.conversations.mark_deleted(talk.id, None, world.now()).await.unwrap());

    world.pass(7 * DAY - 1);
    world.run_built_in("purge-deleted").await;
    assert_eq!(world.stores.conversations.deleted(world.now()).await.unwrap(), [talk.id]);
    assert!(has_rows(&world, &deleted).await && world.has_file(&deleted).await && world.has_file(&below).await);

    world.pass(1);
    for _ in 0..2 {
        world.run_built_in("purge-deleted").await;
        assert!(!has_rows(&world, &deleted).await && !world.has_file(&deleted).await && !world.has_file(&below).await);
        assert!(world.stores.notebooks.deleted(world.now()).await.unwrap().is_empty());
        assert!(world.stores.conversations.deleted(world.now()).await.unwrap().is_empty());
    }
    assert!(world.has_file(&stays).await);
    let segment = collabry_shared::sources::SegmentId { source_id: stays.id, version: 1 };
    assert_eq!(world.stores.segments.chunks(segment).await.unwrap().len(), 1);
    // Every id is free again, so nothing of it is left.
    world.stores.notebooks.create(&gone).await.unwrap();
    assert!(world.stores.sources.list(gone.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn files_of_killed_uploads_are_removed_after_a_day() {
    let world = World::new().await;
    let notebook = world.notebook().await;
    let (kept, hidden) = (world.source(&notebook).await, world.source(&notebook).await);
    let never_stored = Blobs::source_key(notebook.id, SourceId::new(), 1);
    let lost_a_race = Blobs::source_key(notebook.id, kept.id, 2);
    let somebody_elses = "notebooks/of/somebody/else".to_owned();
    let blobs = &world.stores.blobs;
    for key in [&never_stored, &lost_a_race, &somebody_elses] {
        blobs.put(key, "x".into()).await.unwrap();
    }
    let there = async || {
        let mut there: Vec<String> = blobs.list().map_ok(|(key, _)| key).try_collect().await.unwrap();
        there.sort();
        there
    };
    let before = there().await;
    assert_eq!(before.len(), 5);

    // Files have the time of the machine.
    world.pass(SystemClock.now().duration_since(world.now()).as_secs() + DAY - 600);
    // Only now, so that it is not purged with the days that passed.
    assert!(world.stores.sources.mark_deleted(notebook.id, hidden.id, None, world.now()).await.unwrap());
    world.run_built_in("clear-files").await;
    assert_eq!(there().await, before, "an upload may still be running");
    world.pass(1200);
    world.run_built_in("clear-files").await;
    let mut owned = [kept.latest.blob_key, hidden.latest.blob_key, somebody_elses];
    owned.sort();
    assert_eq!(there().await, owned);
}

#[tokio::test]
async fn a_purge_that_died_half_way_is_ended_by_the_next() {
    let world = World::new().await;
    let notebook = world.notebook().await;
    let source = ready_source(&world, &notebook).await;
    assert!(world.stores.notebooks.mark_deleted(notebook.id, None, world.now()).await.unwrap());
    world.stores.blobs.delete_notebook(notebook.id).await.unwrap();
    world.pass(7 * DAY);
    world.run_built_in("purge-deleted").await;
    assert!(world.stores.notebooks.deleted(world.now()).await.unwrap().is_empty());
    assert!(!world.has_file(&source).await);
}

#[tokio::test]
async fn a_generation_of_a_dead_engine_ends_as_interrupted_with_its_text() {
    let mut world = World::new().await;
    let notebook = world.notebook().await;
    let talk = world.conversation(&notebook).await;
    let question = NewMessage {
        id: MessageId::new(),
        conversation_id: talk.id,
        client_id: ClientId::parse("question").unwrap(),
        author: Author::User { user_id: world.user.id, name: "Ada".to_owned() },
        content: Content::parse("Why do rivers flow?").unwrap(),
        citations: Vec::new(),
        status: MessageStatus::Complete,
        failure: None,
        cut_off: None,
        generation_id: None,
        reply_to: None,
        asked: None,
        created_at: world.now(),
    };
    world.stores.conversations.append(&question).await.unwrap();
    let generation = world.question(&talk, question.id);
    world.stores.generations.create(&generation).await.unwrap();
    let lease = world.now() + SignedDuration::from_secs(6);
    world.stores.generations.claim(generation.id, OwnerId::new(), lease).await.unwrap().unwrap();
    let delta = GenerationEvent::delta("Rivers flow");
    world.stores.generation_log.append(generation.id, &delta).await.unwrap();

    world.pass(7);
    world.run_built_in("end-generations").await;
    let state = async || world.stores.generations.get(generation.id).await.unwrap().unwrap().state;
    assert_eq!(state().await, GenerationState::Running, "engines come first");
    world.pass(1);
    world.run_built_in("end-generations").await;
    assert_eq!(state().await, GenerationState::Interrupted);
    let answer = world.stores.conversations.message(talk.id, generation.answer_id).await.unwrap().unwrap();
    assert_eq!((answer.content.as_str(), answer.status), ("Rivers flow", MessageStatus::Interrupted));
    let running = Signal::GenerationRunning { generation_id: generation.id, conversation_id: talk.id };
    let (head, last_message_at) = (answer.rev, answer.created_at);
    let told = Published::Changed(Arc::new(answer));
    let (notebook_id, conversation_id) = (notebook.id, talk.id);
    let activity = Event::ConversationActivity { notebook_id, conversation_id, head, last_message_at };
    let outside = Published::Event(Room::Outside(notebook_id, conversation_id), activity);
    assert_eq!(world.heard(), [Published::Signal(running), told, outside]);
}

#[tokio::test]
async fn expired_sessions_go() {
    let world = World::new().await;
    let session = |byte: u8, days: i64| Session {
        id: SessionId::new(),
        user_id: world.user.id,
        token_hash: [byte; 32],
        previous_hash: None,
        other_hash: None,
        family_hash: None,
        created_at: world.now(),
        rotated_at: world.now(),
        expires_at: world.now() + SignedDuration::from_secs(days * DAY),
    };
    let (short, long) = (session(1, 1), session(2, 30));
    for session in [&short, &long] {
        world.stores.sessions.create(session).await.unwrap();
    }
    world.pass(2 * DAY);
    let then = short.rotated_at;
    world.run_built_in("expire-sessions").await;
    assert_eq!(world.stores.sessions.get(short.id, then).await.unwrap(), None, "not even to an older clock");
    assert_eq!(world.stores.sessions.get(long.id, then).await.unwrap(), Some(long));
}

#[tokio::test]
async fn old_notifications_go() {
    let world = World::new().await;
    let notify = async || {
        let about = About::AddedToNotebook { notebook_id: NotebookId::new(), title: "Optics".into(), by: "Bob".into() };
        let (id, user_id, created_at) = (NotificationId::new(), world.user.id, world.now());
        let one = Notification { id, user_id, about, created_at, read_at: None };
        world.stores.notifications.create(&one).await.unwrap();
        one
    };
    notify().await;
    world.pass(2 * DAY);
    let kept = notify().await;
    world.pass(89 * DAY);
    world.run_built_in("forget-notifications").await;
    assert_eq!(
        world
            .stores
            .notifications
            .list_page(world.user.id, false, &Window { limit: 10, ..Window::WHOLE })
            .await
            .unwrap(),
        [kept]
    );
}

#[tokio::test]
async fn usage_is_counted_since_the_last_run() {
    let world = World::new().await;
    let notebook = world.notebook().await;
    let talk = world.conversation(&notebook).await;
    let send = async |client_id: &str| {
        let message = NewMessage {
            id: MessageId::new(),
            conversation_id: talk.id,
            client_id: ClientId::parse(client_id).unwrap(),
            author: Author::User { user_id: world.user.id, name: "Ada".to_owned() },
            content: Content::parse("Why do rivers flow?").unwrap(),
            citations: Vec::new(),
            status: MessageStatus::Complete,
            failure: None,
            cut_off: None,
            generation_id: None,
            reply_to: None,
            asked: None,
            created_at: world.now(),
        };
        world.stores.conversations.append(&message).await.unwrap();
    };
    let counted = async || {
        let (from, to) = (Date::constant(2026, 1, 1), Date::constant(2026, 12, 31));
        let days = world.stores.usage.of(world.user.id, from, to).await.unwrap();
        days.iter().map(|usage| (usage.day.to_string(), usage.messages)).collect::<Vec<_>>()
    };
    send("one").await;
    world.pass(3 * DAY);
    send("two").await;
    world.run_built_in("roll-up-usage").await;
    let first = [("2026-03-01".to_owned(), 1), ("2026-03-04".to_owned(), 1)];
    assert_eq!(counted().await, first);
    send("three").await;
    // No worker for a while: the days in between are counted when there is one again.
    world.pass(2 * DAY);
    send("four").await;
    world.pass(2 * DAY);
    world.run_built_in("roll-up-usage").await;
    let all = [("2026-03-01", 1), ("2026-03-04", 2), ("2026-03-06", 1)];
    assert_eq!(counted().await, all.map(|(day, messages)| (day.to_owned(), messages)));
}
