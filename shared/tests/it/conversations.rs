//! Conversations and their message logs.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use collabry_shared::conversations::{
    Appended, Asked, Author, Conversation, ConversationUpdate, CutOff, Message, MessageStatus, NewMessage, PAGE_BYTES,
    Page, ReadMark, Rewrite,
};
use collabry_shared::conversations::{Content, Failure, Title};
use collabry_shared::ids::{ConversationId, GenerationId, MessageId, UserId};
use collabry_shared::models::ModelId;
use collabry_shared::storage::StoreError;
use collabry_shared::stores::Stores;

use crate::backend::{Backend, contract};
use crate::fixtures::{
    at, citation, conversation, new_generation, new_message, owned_conversation, owned_notebook, sent, title,
};

contract!(
    a_conversation_is_stored_and_changed,
    a_title_is_given_once,
    conversations_are_listed_by_their_newest_message,
    a_message_is_stored_whole,
    sending_again_finds_what_was_stored,
    a_client_id_is_free_in_another_conversation,
    a_message_id_is_taken_once,
    revs_are_gap_free_under_concurrent_writers,
    revs_are_gap_free_across_processes,
    the_same_message_sent_many_times_at_once_is_stored_once,
    one_message_changed_by_several_processes_takes_a_rev_each_time,
    a_reader_never_sees_a_rev_before_the_ones_below_it,
    an_edit_takes_the_next_rev_and_keeps_the_position,
    an_answer_that_gave_way_keeps_its_text,
    a_deleted_message_is_an_empty_tombstone,
    a_message_is_found_by_its_client_id,
    the_latest_answer_is_the_newest_that_is_left,
    history_goes_back_page_by_page,
    changes_are_read_by_rev,
    a_page_ends_by_bytes,
    read_marks_only_move_forward,
    a_deleted_conversation_takes_everything_along,
    a_deleted_notebook_hides_its_conversations,
    what_is_not_there_cannot_be_changed,
);

async fn a_conversation_is_stored_and_changed(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await;
    let repo = &stores.conversations;
    assert_eq!(repo.get(talk.id).await.unwrap(), Some(talk.clone()));
    assert!(matches!(repo.create(&talk).await, Err(StoreError::Conflict(_))));

    let model = ModelId::parse("ollama/llama3.2:3b").unwrap();
    let with_model = ConversationUpdate { model: Some(Some(model.clone())), ..Default::default() };
    let titled = repo.update(talk.id, None, &titled_as("Entropy")).await.unwrap().unwrap();
    assert_eq!(titled, Conversation { title: Title::parse("Entropy"), ..talk.clone() });
    let modelled = repo.update(talk.id, None, &with_model).await.unwrap().unwrap();
    assert_eq!(modelled, Conversation { model: Some(model), ..titled });
    assert_eq!(repo.get(talk.id).await.unwrap(), Some(modelled.clone()));
    assert_eq!(repo.update(talk.id, None, &ConversationUpdate::default()).await.unwrap(), Some(modelled));
    let cleared = ConversationUpdate { title: Some(None), model: Some(None) };
    assert_eq!(repo.update(talk.id, None, &cleared).await.unwrap(), Some(talk.clone()));
    assert_eq!(repo.title_if_none(talk.id, &title("Again")).await.unwrap().unwrap().title.as_deref(), Some("Again"));
}

fn titled_as(title: &str) -> ConversationUpdate {
    ConversationUpdate { title: Some(Title::parse(title)), ..Default::default() }
}

async fn a_title_is_given_once(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await;
    let given = stores.conversations.title_if_none(talk.id, &title("First")).await.unwrap().unwrap();
    assert_eq!(given.title.as_deref(), Some("First"));
    assert_eq!(stores.conversations.title_if_none(talk.id, &title("Second")).await.unwrap(), None);
    assert_eq!(stores.conversations.get(talk.id).await.unwrap(), Some(given));
}

async fn conversations_are_listed_by_their_newest_message(Backend { stores, .. }: Backend) {
    let notebook = owned_notebook(&stores).await;
    let old = conversation(&stores, &notebook, at(1)).await;
    let new = conversation(&stores, &notebook, at(2)).await;
    let ids = async || -> Vec<ConversationId> {
        stores.conversations.list(notebook.id).await.unwrap().iter().map(|talk| talk.id).collect()
    };
    assert_eq!(ids().await, [new.id, old.id]);
    let message = NewMessage { created_at: at(3), ..new_message(old.id, "a") };
    stores.conversations.append(&message).await.unwrap();
    assert_eq!(ids().await, [old.id, new.id]);
    // What is done to messages that are there does not count.
    let other = sent(&stores, new.id, "b").await;
    for rewrite in [Rewrite::Edit { content: Content::parse("edited").unwrap() }, Rewrite::Delete] {
        stores.conversations.rewrite(new.id, other.id, &rewrite, at(9)).await.unwrap().unwrap();
    }
    let listed = stores.conversations.list(notebook.id).await.unwrap();
    let places: Vec<_> = listed.iter().map(|talk| (talk.id, talk.head, talk.last_message_at)).collect();
    assert_eq!(places, [(old.id, 1, at(3)), (new.id, 3, at(2))]);
}

async fn a_message_is_stored_whole(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await;
    let new = NewMessage {
        author: Author::Assistant { model: ModelId::extractive() },
        content: Content::parse("ΔS ≥ 0 [1]").unwrap(),
        citations: vec![citation(1), citation(2)],
        status: MessageStatus::Failed,
        failure: Some(Failure { code: "provider_cut_off".to_owned(), message: "Cut.".to_owned(), retryable: true }),
        cut_off: Some(CutOff::Refusal),
        generation_id: Some(GenerationId::new()),
        reply_to: Some(MessageId::new()),
        asked: Some(Asked { sources: 3, of: 10 }),
        ..new_message(talk.id, "a")
    };
    let expected = Message {
        id: new.id,
        conversation_id: talk.id,
        client_id: new.client_id.clone(),
        position: 1,
        rev: 1,
        author: new.author.clone(),
        content: new.content.as_str().to_owned(),
        citations: new.citations.clone(),
        status: new.status,
        failure: new.failure.clone(),
        cut_off: new.cut_off,
        generation_id: new.generation_id,
        reply_to: new.reply_to,
        superseded_by: None,
        asked: new.asked,
        created_at: new.created_at,
        edited_at: None,
        deleted_at: None,
    };
    assert_eq!(stores.conversations.append(&new).await.unwrap(), Appended::Created(Arc::new(expected.clone())));
    assert_eq!(stores.conversations.message(talk.id, new.id).await.unwrap(), Some(expected));
    assert_eq!(stores.conversations.get(talk.id).await.unwrap().unwrap().head, 1);
}

async fn sending_again_finds_what_was_stored(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await;
    let first = sent(&stores, talk.id, "same").await;
    let again = new_message(talk.id, "same");
    assert_eq!(stores.conversations.append(&again).await.unwrap(), Appended::Existing(Arc::new(first)));
    assert_eq!(stores.conversations.get(talk.id).await.unwrap().unwrap().head, 1, "no rev is used up");
    assert_eq!(sent(&stores, talk.id, "next").await.rev, 2);
}

async fn a_client_id_is_free_in_another_conversation(Backend { stores, .. }: Backend) {
    let (one, two) = (owned_conversation(&stores).await, owned_conversation(&stores).await);
    sent(&stores, one.id, "same").await;
    assert!(matches!(
        stores.conversations.append(&new_message(two.id, "same")).await.unwrap(),
        Appended::Created(message) if message.rev == 1
    ));
}

async fn a_message_id_is_taken_once(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await;
    let first = sent(&stores, talk.id, "a").await;
    let other = NewMessage { id: first.id, ..new_message(talk.id, "b") };
    assert!(matches!(stores.conversations.append(&other).await, Err(StoreError::Conflict(_))));
    assert_eq!(sent(&stores, talk.id, "c").await.rev, 2, "the failed append leaves no gap");
}

/// 200 appends and 100 rewrites by racing tasks.
async fn revs_are_gap_free_under_concurrent_writers(Backend { stores, .. }: Backend) {
    const WRITERS: u64 = 20;
    const APPENDS: u64 = 10;
    const CHANGES: u64 = WRITERS * APPENDS + WRITERS * APPENDS / 2;
    let talk = owned_conversation(&stores).await.id;
    let writers = (0..WRITERS).map(|writer| {
        let stores = stores.clone();
        tokio::spawn(async move {
            let mut revs = Vec::new();
            for n in 0..APPENDS {
                let message = sent(&stores, talk, &format!("{writer}-{n}")).await;
                revs.push(message.rev);
                if n % 2 == 0 {
                    let rewrite = if n % 4 == 0 {
                        Rewrite::Edit { content: Content::parse("edited").unwrap() }
                    } else {
                        Rewrite::Delete
                    };
                    let changed = stores.conversations.rewrite(talk, message.id, &rewrite, at(2)).await.unwrap();
                    revs.push(changed.unwrap().rev);
                }
            }
            revs
        })
    });
    let mut revs: Vec<u64> = futures::future::try_join_all(writers).await.unwrap().into_iter().flatten().collect();
    revs.sort_unstable();
    assert_eq!(revs, (1..=CHANGES).collect::<Vec<_>>(), "each change has its own rev, and none is missing");

    let all = stores.conversations.changes_since(talk, 0, 1000).await.unwrap().messages;
    assert_eq!(all.len() as u64, WRITERS * APPENDS);
    assert!(all.is_sorted_by(|a, b| a.rev < b.rev));
    assert_eq!(all.last().unwrap().rev, CHANGES);
    assert_eq!(stores.conversations.get(talk).await.unwrap().unwrap().head, CHANGES);
    let positions: HashSet<_> = all.iter().map(|message| message.position).collect();
    assert_eq!(positions.len(), all.len());

    // A client that stopped at any rev catches up with what it has not seen, and ends with the same messages.
    for seen in [1, 77, 150, CHANGES - 1, CHANGES] {
        let missed = stores.conversations.changes_since(talk, seen, 1000).await.unwrap().messages;
        assert_eq!(missed, all.iter().filter(|message| message.rev > seen).cloned().collect::<Vec<_>>());
    }
}

/// 16 writers in 4 processes. Each changes what it just sent, so that the newest message leaves its rev at once: a writer
/// with a head that is out of date must not find that rev free.
async fn revs_are_gap_free_across_processes(backend: Backend) {
    const EACH: u64 = 8;
    let talk = owned_conversation(&backend.stores).await.id;
    let processes = backend.processes(4).await;
    let writers: Vec<_> = processes.iter().cycle().take(16).cloned().zip(0..).collect();
    let changes = 2 * EACH * writers.len() as u64;
    let writers = writers.into_iter().map(|(stores, writer)| {
        tokio::spawn(async move {
            let mut revs = Vec::new();
            for n in 0..EACH {
                let message = sent(&stores, talk, &format!("{writer}-{n}")).await;
                let edit = Rewrite::Edit { content: Content::parse("edited").unwrap() };
                let edited = stores.conversations.rewrite(talk, message.id, &edit, at(2)).await.unwrap();
                revs.extend([message.rev, edited.unwrap().rev]);
            }
            revs
        })
    });
    let mut revs: Vec<u64> = futures::future::try_join_all(writers).await.unwrap().into_iter().flatten().collect();
    revs.sort_unstable();
    assert_eq!(revs, (1..=changes).collect::<Vec<_>>());
    assert_eq!(backend.stores.conversations.get(talk).await.unwrap().unwrap().head, changes);
}

async fn the_same_message_sent_many_times_at_once_is_stored_once(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await.id;
    let sends = (0..50).map(|n| {
        let conversations = stores.conversations.clone();
        tokio::spawn(async move { conversations.append(&new_message(talk, &format!("{}", n % 5))).await.unwrap() })
    });
    let outcomes = futures::future::try_join_all(sends).await.unwrap();
    let created = outcomes.iter().filter(|outcome| matches!(outcome, Appended::Created(_))).count();
    assert_eq!(created, 5);
    let mut stored: BTreeMap<String, HashSet<MessageId>> = BTreeMap::new();
    for outcome in &outcomes {
        let message = outcome.message();
        stored.entry(message.client_id.as_str().to_owned()).or_default().insert(message.id);
    }
    assert!(stored.values().all(|ids| ids.len() == 1), "everybody is told of the same message: {stored:?}");
    assert_eq!(stores.conversations.get(talk).await.unwrap().unwrap().head, 5);
}

async fn one_message_changed_by_several_processes_takes_a_rev_each_time(backend: Backend) {
    let talk = owned_conversation(&backend.stores).await.id;
    let message = sent(&backend.stores, talk, "a").await.id;
    let editors = backend.processes(3).await.into_iter().map(|stores| {
        tokio::spawn(async move {
            let mut revs = Vec::new();
            for n in 0..10 {
                let edit = Rewrite::Edit { content: Content::parse(&format!("{n}")).unwrap() };
                revs.push(stores.conversations.rewrite(talk, message, &edit, at(n)).await.unwrap().unwrap().rev);
            }
            revs
        })
    });
    let mut revs: Vec<u64> = futures::future::try_join_all(editors).await.unwrap().into_iter().flatten().collect();
    revs.sort_unstable();
    assert_eq!(revs, (2..=31).collect::<Vec<_>>());
}

async fn a_reader_never_sees_a_rev_before_the_ones_below_it(Backend { stores, .. }: Backend) {
    const WRITERS: u64 = 4;
    const EACH: u64 = 50;
    let talk = owned_conversation(&stores).await.id;
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let stores = stores.clone();
            tokio::spawn(async move {
                for n in 0..EACH {
                    sent(&stores, talk, &format!("{writer}-{n}")).await;
                }
            })
        })
        .collect();
    let mut seen = 0;
    while seen < WRITERS * EACH {
        for message in stores.conversations.changes_since(talk, seen, 7).await.unwrap().messages {
            assert_eq!(message.rev, seen + 1);
            seen = message.rev;
        }
    }
    futures::future::try_join_all(writers).await.unwrap();
}

async fn an_edit_takes_the_next_rev_and_keeps_the_position(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await.id;
    let first = sent(&stores, talk, "a").await;
    sent(&stores, talk, "b").await;
    let edit = Rewrite::Edit { content: Content::parse("better").unwrap() };
    let edited = stores.conversations.rewrite(talk, first.id, &edit, at(9)).await.unwrap().unwrap();
    let expected = Message { rev: 3, content: "better".to_owned(), edited_at: Some(at(9)), ..first };
    assert_eq!(edited, expected);
    assert_eq!(stores.conversations.message(talk, edited.id).await.unwrap(), Some(expected));
    assert_eq!(stores.conversations.get(talk).await.unwrap().unwrap().head, 3);
}

async fn an_answer_that_gave_way_keeps_its_text(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await.id;
    let (old, new, newest) =
        (sent(&stores, talk, "a").await, sent(&stores, talk, "b").await, sent(&stores, talk, "c").await);
    let by = |new: &Message| Rewrite::Supersede { by: new.id };
    let superseded = stores.conversations.rewrite(talk, old.id, &by(&new), at(9)).await.unwrap().unwrap();
    let expected = Message { rev: 4, superseded_by: Some(new.id), ..old };
    assert_eq!(superseded, expected);
    assert_eq!(stores.conversations.rewrite(talk, expected.id, &by(&new), at(9)).await.unwrap(), None, "once");
    assert_eq!(stores.conversations.message(talk, expected.id).await.unwrap(), Some(expected.clone()));
    let again = stores.conversations.rewrite(talk, expected.id, &by(&newest), at(9)).await.unwrap().unwrap();
    assert_eq!(again, Message { rev: 5, superseded_by: Some(newest.id), ..expected });
    assert_eq!(stores.conversations.get(talk).await.unwrap().unwrap().head, 5);
}

async fn a_deleted_message_is_an_empty_tombstone(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await.id;
    let new = NewMessage { citations: vec![citation(1)], ..new_message(talk, "a") };
    let stored = stores.conversations.append(&new).await.unwrap().message().clone();
    let deleted = stores.conversations.rewrite(talk, new.id, &Rewrite::Delete, at(9)).await.unwrap().unwrap();
    let tombstone =
        Message { rev: 2, content: String::new(), citations: Vec::new(), deleted_at: Some(at(9)), ..stored };
    assert_eq!(deleted, tombstone);
    assert_eq!(stores.conversations.history(talk, None, 10).await.unwrap().messages, std::slice::from_ref(&tombstone));
    assert_eq!(
        stores.conversations.append(&new_message(talk, "a")).await.unwrap(),
        Appended::Existing(Arc::new(tombstone))
    );

    let edit = Rewrite::Edit { content: Content::parse("back").unwrap() };
    assert_eq!(stores.conversations.rewrite(talk, new.id, &edit, at(10)).await.unwrap(), None);
    assert_eq!(stores.conversations.rewrite(talk, new.id, &Rewrite::Delete, at(10)).await.unwrap(), None);
    assert_eq!(stores.conversations.get(talk).await.unwrap().unwrap().head, 2, "no rev is used up");
}

async fn a_message_is_found_by_its_client_id(Backend { stores, .. }: Backend) {
    let (talk, elsewhere) = (owned_conversation(&stores).await, owned_conversation(&stores).await);
    let message = sent(&stores, talk.id, "first").await;
    let repo = &stores.conversations;
    assert_eq!(repo.by_client_id(talk.id, &message.client_id).await.unwrap(), Some(message.clone()));
    assert_eq!(repo.by_client_id(elsewhere.id, &message.client_id).await.unwrap(), None);
    assert!(repo.mark_deleted(talk.id, None, at(9)).await.unwrap());
    assert_eq!(repo.by_client_id(talk.id, &message.client_id).await.unwrap(), None);
}

async fn the_latest_answer_is_the_newest_that_is_left(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await;
    let repo = &stores.conversations;
    let (question, other) = (sent(&stores, talk.id, "q").await, sent(&stores, talk.id, "other").await);
    assert_eq!(repo.latest_answer(talk.id, question.id).await.unwrap(), None);
    let mut answers = Vec::new();
    for (client_id, replied) in [("a1", &question), ("a2", &question), ("b", &other)] {
        let answer = NewMessage { reply_to: Some(replied.id), ..new_message(talk.id, client_id) };
        answers.push(repo.append(&answer).await.unwrap().message().clone());
    }
    assert_eq!(repo.latest_answer(talk.id, question.id).await.unwrap(), Some(answers[1].clone()));
    repo.rewrite(talk.id, answers[1].id, &Rewrite::Delete, at(9)).await.unwrap().unwrap();
    assert_eq!(repo.latest_answer(talk.id, question.id).await.unwrap(), Some(answers[0].clone()));
    let elsewhere = owned_conversation(&stores).await;
    assert_eq!(repo.latest_answer(elsewhere.id, question.id).await.unwrap(), None);
}

async fn history_goes_back_page_by_page(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await.id;
    for n in 1..=5 {
        sent(&stores, talk, &format!("{n}")).await;
    }
    let first = stores.conversations.history(talk, None, 100).await.unwrap().messages.pop().unwrap();
    let edit = Rewrite::Edit { content: Content::parse("edited").unwrap() };
    stores.conversations.rewrite(talk, first.id, &edit, at(2)).await.unwrap();

    let page = async |before, limit| -> Vec<u64> {
        let messages = stores.conversations.history(talk, before, limit).await.unwrap().messages;
        messages.iter().map(|message| message.position).collect()
    };
    assert_eq!(page(None, 2).await, [5, 4]);
    assert_eq!(page(Some(4), 2).await, [3, 2]);
    assert_eq!(page(Some(2), 2).await, [1]);
    assert!(page(Some(1), 2).await.is_empty());
    assert_eq!(page(Some(u64::MAX), 1).await, [5]);
}

async fn changes_are_read_by_rev(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await.id;
    let first = sent(&stores, talk, "a").await;
    sent(&stores, talk, "b").await;
    stores.conversations.rewrite(talk, first.id, &Rewrite::Delete, at(2)).await.unwrap();
    let changes = async |rev, limit| -> Vec<(u64, u64)> {
        let messages = stores.conversations.changes_since(talk, rev, limit).await.unwrap().messages;
        messages.iter().map(|message| (message.position, message.rev)).collect()
    };
    assert_eq!(changes(0, 10).await, [(2, 2), (1, 3)]);
    assert_eq!(changes(0, 1).await, [(2, 2)]);
    assert_eq!(changes(2, 10).await, [(1, 3)]);
    assert!(changes(3, 10).await.is_empty());
    assert!(changes(u64::MAX, 10).await.is_empty());
}

async fn a_page_ends_by_bytes(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await.id;
    // Three fit, whatever else they consist of; the one that is larger than a page comes alone.
    let sizes = [PAGE_BYTES / 4, PAGE_BYTES / 4, PAGE_BYTES / 4, PAGE_BYTES / 4, 2 * PAGE_BYTES, 1];
    for (n, size) in sizes.into_iter().enumerate() {
        let message =
            NewMessage { content: Content::of_answer("x".repeat(size)), ..new_message(talk, &format!("{n}")) };
        stores.conversations.append(&message).await.unwrap();
    }
    let mut pages = Vec::new();
    let mut seen = 0;
    loop {
        let Page { messages, complete } = stores.conversations.changes_since(talk, seen, 1000).await.unwrap();
        seen = messages.last().unwrap().rev;
        pages.push(messages.iter().map(|message| message.rev).collect::<Vec<_>>());
        if complete {
            break;
        }
    }
    assert_eq!(pages, [vec![1, 2, 3], vec![4], vec![5], vec![6]]);

    let (mut pages, mut before) = (Vec::new(), None);
    loop {
        let Page { messages, complete } = stores.conversations.history(talk, before, 1000).await.unwrap();
        before = Some(messages.last().unwrap().position);
        pages.push(messages.iter().map(|message| message.position).collect::<Vec<_>>());
        if complete {
            break;
        }
    }
    assert_eq!(pages, [vec![6], vec![5], vec![4, 3, 2], vec![1]]);
    assert!(!stores.conversations.changes_since(talk, 0, 0).await.unwrap().complete, "nothing was looked at");
}

async fn read_marks_only_move_forward(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await.id;
    let (ada, bob) = (UserId::new(), UserId::new());
    let repo = &stores.conversations;
    assert!(!repo.mark_read(talk, ada, 0).await.unwrap());
    assert!(repo.mark_read(talk, ada, 5).await.unwrap());
    assert!(!repo.mark_read(talk, ada, 5).await.unwrap());
    assert!(!repo.mark_read(talk, ada, 3).await.unwrap());
    assert!(repo.mark_read(talk, bob, 2).await.unwrap());
    assert!(repo.mark_read(talk, ada, 6).await.unwrap());
    let marks = repo.read_marks(talk).await.unwrap();
    assert_eq!(marks, [ReadMark { user_id: ada, rev: 6 }, ReadMark { user_id: bob, rev: 2 }]);
    assert!(!repo.mark_read(ConversationId::new(), ada, 1).await.unwrap());
    let other = owned_conversation(&stores).await.id;
    assert!(repo.mark_read(other, bob, 1).await.unwrap());
    assert_eq!(repo.read_revs(ada, &[talk, other]).await.unwrap(), HashMap::from([(talk, 6)]));
    assert_eq!(repo.read_revs(bob, &[talk, other]).await.unwrap(), HashMap::from([(talk, 2), (other, 1)]));
    assert_eq!(repo.read_revs(bob, &[]).await.unwrap(), HashMap::new());
}

async fn a_deleted_conversation_takes_everything_along(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await;
    let message = sent(&stores, talk.id, "a").await;
    let generation = new_generation(&talk, at(0));
    stores.generations.create(&generation).await.unwrap();
    assert!(stores.conversations.mark_deleted(talk.id, None, at(9)).await.unwrap());
    assert!(!stores.conversations.mark_deleted(talk.id, None, at(9)).await.unwrap());
    assert_is_gone(&stores, talk.id, message.id).await;
    stores.conversations.purge(talk.id).await.unwrap();
    assert_is_gone(&stores, talk.id, message.id).await;
    assert_eq!(stores.generations.get(generation.id).await.unwrap(), None);
}

async fn a_deleted_notebook_hides_its_conversations(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await;
    let message = sent(&stores, talk.id, "a").await;
    stores.conversations.mark_read(talk.id, UserId::new(), 1).await.unwrap();
    stores.notebooks.mark_deleted(talk.notebook_id, None, at(1)).await.unwrap();
    assert_is_gone(&stores, talk.id, message.id).await;
    assert!(!stores.conversations.mark_deleted(talk.id, None, at(9)).await.unwrap());
    let another = Conversation { id: ConversationId::new(), ..talk };
    assert!(matches!(stores.conversations.create(&another).await, Err(StoreError::Missing(_))));
}

async fn assert_is_gone(stores: &Stores, talk: ConversationId, message: MessageId) {
    let repo = &stores.conversations;
    assert_eq!(repo.get(talk).await.unwrap(), None);
    assert_eq!(repo.message(talk, message).await.unwrap(), None);
    assert!(repo.history(talk, None, 10).await.unwrap().messages.is_empty());
    assert!(repo.changes_since(talk, 0, 10).await.unwrap().messages.is_empty());
    assert!(repo.read_marks(talk).await.unwrap().is_empty());
    assert!(!repo.mark_read(talk, UserId::new(), 1).await.unwrap());
    assert_eq!(repo.update(talk, None, &titled_as("t")).await.unwrap(), None);
    assert_eq!(repo.title_if_none(talk, &title("t")).await.unwrap(), None);
    assert_eq!(repo.rewrite(talk, message, &Rewrite::Delete, at(2)).await.unwrap(), None);
    assert!(matches!(repo.append(&new_message(talk, "z")).await, Err(StoreError::Missing(_))));
}

async fn what_is_not_there_cannot_be_changed(Backend { stores, .. }: Backend) {
    let (one, two) = (owned_conversation(&stores).await, owned_conversation(&stores).await);
    let message = sent(&stores, one.id, "a").await;
    assert_eq!(stores.conversations.message(two.id, message.id).await.unwrap(), None);
    assert_eq!(stores.conversations.rewrite(two.id, message.id, &Rewrite::Delete, at(2)).await.unwrap(), None);
    assert_is_gone(&stores, ConversationId::new(), MessageId::new()).await;
    assert_eq!(stores.conversations.message(one.id, message.id).await.unwrap(), Some(message));
}
