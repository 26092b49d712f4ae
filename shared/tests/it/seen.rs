//! Writes that are only for what somebody has seen.

use collabry_shared::conversations::{Content, ConversationUpdate, Rewrite, Title};
use collabry_shared::ids::{ConversationId, MessageId, NotebookId, SourceId};
use collabry_shared::notebooks::{JoinCode, Notebook, NotebookState, Role};
use collabry_shared::sources::{Source, SourceState, VersionState};
use collabry_shared::storage::{StoreError, StoreResult};

use crate::backend::{Backend, contract};
use crate::fixtures::{at, conversation, notebook, owned_conversation, owned_notebook, sent, source, user};

contract!(
    a_notebook_that_changed_is_left_alone,
    a_conversation_that_changed_is_left_alone,
    a_source_that_changed_is_left_alone,
    a_message_that_changed_is_left_alone,
    of_many_who_saw_the_same_one_changes_it,
);

fn state(notebook: &Notebook) -> NotebookState {
    let Notebook { title, join_code, updated_at, .. } = notebook.clone();
    NotebookState { title: title.into(), join_code, updated_at }
}

fn state_of_source(source: &Source) -> SourceState {
    let latest = VersionState { version: source.latest.version, updated_at: source.latest.updated_at };
    SourceState { name: source.name.clone(), latest }
}

fn changed<T: std::fmt::Debug>(result: &StoreResult<T>) {
    assert!(matches!(result, Err(StoreError::Changed(_))), "{result:?}");
}

async fn a_notebook_that_changed_is_left_alone(Backend { stores, .. }: Backend) {
    let notebooks = &stores.notebooks;
    let first = owned_notebook(&stores).await;
    let seen = state(&first);
    let second =
        notebooks.rename(first.id, Some(&seen), &Title::parse("Optics").unwrap(), at(1)).await.unwrap().unwrap();
    assert_eq!(second.title.as_str(), "Optics");
    changed(&notebooks.rename(first.id, Some(&seen), &Title::parse("Waves").unwrap(), at(2)).await);
    changed(&notebooks.mark_deleted(first.id, Some(&seen), at(2)).await);
    assert_eq!(notebooks.get(first.id).await.unwrap(), Some(second.clone()));
    // Another join code alone is a change, too.
    let code =
        JoinCode { code: "0123456789".to_owned(), role: Role::Editor, expires_at: Some(at(100)), uses_left: None };
    let third = stores.members.set_join_code(first.id, Some(&code)).await.unwrap().unwrap();
    changed(&notebooks.rename(first.id, Some(&state(&second)), &Title::parse("Waves").unwrap(), at(2)).await);
    let fourth = notebooks
        .rename(first.id, Some(&state(&third)), &Title::parse("Waves").unwrap(), at(2))
        .await
        .unwrap()
        .unwrap();
    assert!(notebooks.mark_deleted(first.id, Some(&state(&fourth)), at(3)).await.unwrap());
    // What is gone is gone, whatever was seen of it.
    assert_eq!(
        notebooks.rename(first.id, Some(&state(&fourth)), &Title::parse("x").unwrap(), at(3)).await.unwrap(),
        None
    );
    assert!(!notebooks.mark_deleted(NotebookId::new(), Some(&seen), at(3)).await.unwrap());
}

async fn a_conversation_that_changed_is_left_alone(Backend { stores, .. }: Backend) {
    let conversations = &stores.conversations;
    let first = owned_conversation(&stores).await;
    let title = |title: &str| ConversationUpdate { title: Some(Title::parse(title)), model: None };
    let second = conversations.update(first.id, Some(&first), &title("Heat")).await.unwrap().unwrap();
    changed(&conversations.update(first.id, Some(&first), &title("Cold")).await);
    sent(&stores, first.id, "m").await;
    changed(&conversations.update(first.id, Some(&second), &title("Cold")).await);
    changed(&conversations.mark_deleted(first.id, Some(&second), at(9)).await);
    let third = conversations.get(first.id).await.unwrap().unwrap();
    assert_eq!((third.title.as_deref(), third.head), (Some("Heat"), 1));
    assert!(conversations.mark_deleted(first.id, Some(&third), at(9)).await.unwrap());
    assert!(!conversations.mark_deleted(ConversationId::new(), Some(&third), at(9)).await.unwrap());
    assert_eq!(conversations.update(first.id, Some(&third), &title("x")).await.unwrap(), None);
}

async fn a_source_that_changed_is_left_alone(Backend { stores, .. }: Backend) {
    let sources = &stores.sources;
    let here = owned_notebook(&stores).await;
    let first = source(&stores, &here, at(1)).await;
    let seen = state_of_source(&first);
    let second = sources.rename(here.id, first.id, Some(&seen), "Heat").await.unwrap().unwrap();
    changed(&sources.rename(here.id, first.id, Some(&seen), "Cold").await);
    changed(&sources.mark_deleted(here.id, first.id, Some(&seen), at(2)).await);
    assert_eq!(sources.get(here.id, first.id).await.unwrap().unwrap().name, "Heat");
    // So is a step of its ingestion.
    let claim = stores.ingest_queue.claim(collabry_shared::ids::OwnerId::new(), at(3), at(60)).await.unwrap().unwrap();
    stores.ingest_queue.progress(&claim, &collabry_shared::sources::IngestState::Extract, at(3), at(60)).await.unwrap();
    changed(&sources.rename(here.id, first.id, Some(&state_of_source(&second)), "Cold").await);
    let third = sources.get(here.id, first.id).await.unwrap().unwrap();
    assert!(sources.mark_deleted(here.id, first.id, Some(&state_of_source(&third)), at(4)).await.unwrap());
    let gone = sources.rename(here.id, SourceId::new(), Some(&seen), "x").await.unwrap();
    assert_eq!(gone, None);
}

async fn a_message_that_changed_is_left_alone(Backend { stores, .. }: Backend) {
    let conversations = &stores.conversations;
    let talk = owned_conversation(&stores).await.id;
    let first = sent(&stores, talk, "m").await;
    let edit = |text: &str| Rewrite::Edit { content: Content::parse(text).unwrap() };
    let second = conversations.rewrite_seen(talk, first.id, Some(first.rev), &edit("a"), at(2)).await.unwrap().unwrap();
    changed(&conversations.rewrite_seen(talk, first.id, Some(first.rev), &edit("b"), at(3)).await);
    changed(&conversations.rewrite_seen(talk, first.id, Some(first.rev), &Rewrite::Delete, at(3)).await);
    assert_eq!(conversations.message(talk, first.id).await.unwrap().unwrap(), second);
    // No rev was taken for them.
    assert_eq!(sent(&stores, talk, "n").await.rev, second.rev + 1);
    let deleted = conversations.rewrite_seen(talk, first.id, Some(second.rev), &Rewrite::Delete, at(3)).await.unwrap();
    assert!(deleted.unwrap().deleted_at.is_some());
    assert_eq!(conversations.rewrite_seen(talk, MessageId::new(), Some(1), &edit("x"), at(4)).await.unwrap(), None);
}

async fn of_many_who_saw_the_same_one_changes_it(backend: Backend) {
    let stores = &backend.stores;
    let ada = user(stores, "ada").await;
    let processes = backend.processes(2).await;
    for round in 0..10 {
        let (seen, talk) = {
            let book = notebook(stores, &ada).await;
            (state(&book), conversation(stores, &book, at(0)).await)
        };
        let id = talk.notebook_id;
        let writing = (0..8).map(|n| {
            let stores = processes[n % 2].clone();
            let (seen, talk) = (seen.clone(), talk.clone());
            tokio::spawn(async move {
                let title = Title::parse(&format!("title {n}")).unwrap();
                let change = ConversationUpdate { title: Some(Some(title.clone())), model: None };
                let (renamed, updated) = tokio::join!(
                    stores.notebooks.rename(id, Some(&seen), &title, at(1)),
                    stores.conversations.update(talk.id, Some(&talk), &change),
                );
                (renamed.is_ok(), updated.is_ok())
            })
        });
        let won = futures::future::try_join_all(writing).await.unwrap();
        let renamed = won.iter().filter(|(renamed, _)| *renamed).count();
        let updated = won.iter().filter(|(_, updated)| *updated).count();
        assert_eq!((renamed, updated), (1, 1), "round {round}");
    }
}
