//! What was deleted comes back, until it is purged.

use collabry_shared::ids::{ConversationId, NotebookId, SourceId, UserId};
use collabry_shared::notebooks::Role;
use collabry_shared::pages::{Place, Window};

use crate::backend::{Backend, contract};
use crate::fixtures::{at, conversation, join, notebook, owned_conversation, owned_notebook, sent, source, user};

contract!(
    a_notebook_comes_back_for_its_owner_with_all_that_was_in_it,
    a_source_comes_back_with_its_work,
    a_conversation_comes_back_with_its_messages,
    what_is_purged_does_not_come_back,
    nothing_comes_back_into_a_deleted_notebook,
);

async fn a_notebook_comes_back_for_its_owner_with_all_that_was_in_it(Backend { stores, .. }: Backend) {
    let (ada, bob) = (user(&stores, "ada").await, user(&stores, "bob").await);
    let (one, other) = (notebook(&stores, &ada).await, notebook(&stores, &ada).await);
    let repo = &stores.notebooks;
    assert!(join(&stores, &one, bob.id, Role::Editor, at(0)).await);
    let (talk, paper) = (conversation(&stores, &one, at(0)).await, source(&stores, &one, at(0)).await);
    assert_eq!(repo.restore(one.id, ada.id).await.unwrap(), None, "it is there");
    assert!(repo.deleted_of(ada.id, &Window::WHOLE).await.unwrap().is_empty());

    repo.mark_deleted(one.id, None, at(1)).await.unwrap();
    repo.mark_deleted(other.id, None, at(2)).await.unwrap();
    let deleted = [(other.clone(), at(2)), (one.clone(), at(1))];
    assert_eq!(repo.deleted_of(ada.id, &Window::WHOLE).await.unwrap(), deleted);
    let behind = Window { after: Some(Place::new(at(2), &other.id)), limit: 5 };
    assert_eq!(repo.deleted_of(ada.id, &behind).await.unwrap(), deleted[1..]);
    assert_eq!(repo.deleted_of(ada.id, &Window { limit: 1, ..Window::WHOLE }).await.unwrap(), deleted[..1]);
    assert!(repo.deleted_of(bob.id, &Window::WHOLE).await.unwrap().is_empty(), "an editor deletes no notebook");
    assert_eq!(repo.restore(one.id, bob.id).await.unwrap(), None);
    assert_eq!(repo.restore(one.id, UserId::new()).await.unwrap(), None);

    assert_eq!(repo.restore(one.id, ada.id).await.unwrap(), Some(one.clone()));
    assert_eq!(repo.restore(one.id, ada.id).await.unwrap(), None, "once");
    assert_eq!(repo.deleted_of(ada.id, &Window::WHOLE).await.unwrap(), [(other, at(2))]);
    assert_eq!(stores.members.role_of(one.id, bob.id).await.unwrap(), Some(Role::Editor));
    assert_eq!(stores.conversations.get(talk.id).await.unwrap(), Some(talk));
    assert_eq!(stores.sources.list(one.id).await.unwrap(), [paper]);
    assert!(repo.deleted(at(9)).await.unwrap().iter().all(|id| *id != one.id), "nobody purges it");
}

async fn a_source_comes_back_with_its_work(Backend { stores, .. }: Backend) {
    let notebook = owned_notebook(&stores).await;
    let (one, other) = (source(&stores, &notebook, at(0)).await, source(&stores, &notebook, at(1)).await);
    let repo = &stores.sources;
    let begun = stores.ingest_queue.claim(collabry_shared::ids::OwnerId::new(), at(1), at(90)).await.unwrap();
    assert_eq!(begun.map(|claimed| claimed.source.id), Some(one.id));
    let one = repo.list(notebook.id).await.unwrap().remove(0);
    assert_eq!(repo.restore(one.id).await.unwrap(), None, "it is there");
    assert_eq!(repo.deleted_one(one.id).await.unwrap(), None);
    repo.mark_deleted(notebook.id, one.id, None, at(2)).await.unwrap();
    repo.mark_deleted(notebook.id, other.id, None, at(3)).await.unwrap();
    assert_eq!(
        repo.deleted_in(notebook.id, &Window::WHOLE).await.unwrap(),
        [(other.clone(), at(3)), (one.clone(), at(2))]
    );
    assert_eq!(repo.deleted_one(one.id).await.unwrap(), Some(one.clone()));
    let claim = async || stores.ingest_queue.claim(collabry_shared::ids::OwnerId::new(), at(4), at(5)).await.unwrap();
    assert_eq!(claim().await, None, "nobody works on what was deleted");

    assert_eq!(repo.restore(one.id).await.unwrap(), Some(one.clone()));
    assert_eq!(repo.restore(one.id).await.unwrap(), None, "once");
    assert_eq!(repo.list(notebook.id).await.unwrap(), std::slice::from_ref(&one));
    assert_eq!(repo.deleted_in(notebook.id, &Window::WHOLE).await.unwrap(), [(other, at(3))]);
    assert_eq!(claim().await.map(|claimed| claimed.source.id), Some(one.id), "its file is read now");
}

async fn a_conversation_comes_back_with_its_messages(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await;
    let message = sent(&stores, talk.id, "a").await;
    let repo = &stores.conversations;
    let talk = repo.get(talk.id).await.unwrap().unwrap();
    assert_eq!(repo.restore(talk.id).await.unwrap(), None, "it is there");
    assert!(repo.mark_deleted(talk.id, None, at(5)).await.unwrap());
    assert_eq!(repo.deleted_in(talk.notebook_id, &Window::WHOLE).await.unwrap(), [(talk.clone(), at(5))]);
    assert_eq!(repo.deleted_one(talk.id).await.unwrap(), Some(talk.clone()));
    assert!(repo.deleted(at(4)).await.unwrap().is_empty());
    assert_eq!(repo.deleted(at(5)).await.unwrap(), [talk.id]);

    assert_eq!(repo.restore(talk.id).await.unwrap(), Some(talk.clone()));
    assert_eq!(repo.restore(talk.id).await.unwrap(), None, "once");
    assert_eq!(repo.list(talk.notebook_id).await.unwrap(), std::slice::from_ref(&talk));
    assert_eq!(repo.message(talk.id, message.id).await.unwrap(), Some(message));
    repo.purge(talk.id).await.unwrap();
    assert_eq!(repo.get(talk.id).await.unwrap(), Some(talk), "only what is deleted is purged");
}

async fn what_is_purged_does_not_come_back(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await;
    let (full, empty) = (notebook(&stores, &ada).await, notebook(&stores, &ada).await);
    let (talk, paper) = (conversation(&stores, &full, at(0)).await, source(&stores, &full, at(0)).await);
    assert!(!stores.sources.begin_purge(paper.id).await.unwrap(), "it is there");
    assert!(!stores.sources.begin_purge(SourceId::new()).await.unwrap());
    assert!(!stores.notebooks.begin_purge(empty.id).await.unwrap());
    assert!(!stores.notebooks.begin_purge(NotebookId::new()).await.unwrap());

    stores.sources.mark_deleted(full.id, paper.id, None, at(1)).await.unwrap();
    assert!(stores.sources.begin_purge(paper.id).await.unwrap());
    assert!(stores.sources.begin_purge(paper.id).await.unwrap(), "one that died goes on");
    assert_eq!(stores.sources.restore(paper.id).await.unwrap(), None);
    assert!(stores.sources.deleted_in(full.id, &Window::WHOLE).await.unwrap().is_empty());

    stores.conversations.mark_deleted(talk.id, None, at(1)).await.unwrap();
    stores.conversations.purge(talk.id).await.unwrap();
    stores.conversations.purge(talk.id).await.unwrap();
    assert_eq!(stores.conversations.restore(talk.id).await.unwrap(), None);
    assert!(stores.conversations.deleted(at(9)).await.unwrap().is_empty());
    assert_eq!(stores.conversations.restore(ConversationId::new()).await.unwrap(), None);

    stores.notebooks.mark_deleted(empty.id, None, at(1)).await.unwrap();
    assert!(stores.notebooks.begin_purge(empty.id).await.unwrap());
    assert_eq!(stores.notebooks.restore(empty.id, ada.id).await.unwrap(), None);
    assert!(stores.notebooks.deleted_of(ada.id, &Window::WHOLE).await.unwrap().is_empty());
}

async fn nothing_comes_back_into_a_deleted_notebook(Backend { stores, .. }: Backend) {
    let notebook = owned_notebook(&stores).await;
    let (talk, paper) = (conversation(&stores, &notebook, at(0)).await, source(&stores, &notebook, at(0)).await);
    stores.conversations.mark_deleted(talk.id, None, at(1)).await.unwrap();
    stores.sources.mark_deleted(notebook.id, paper.id, None, at(1)).await.unwrap();
    stores.notebooks.mark_deleted(notebook.id, None, at(2)).await.unwrap();
    assert_eq!(stores.conversations.deleted_one(talk.id).await.unwrap(), None);
    assert_eq!(stores.conversations.restore(talk.id).await.unwrap(), None);
    assert!(stores.conversations.deleted_in(notebook.id, &Window::WHOLE).await.unwrap().is_empty());
    assert_eq!(stores.sources.deleted_one(paper.id).await.unwrap(), None);
    assert_eq!(stores.sources.restore(paper.id).await.unwrap(), None);
    assert!(stores.sources.deleted_in(notebook.id, &Window::WHOLE).await.unwrap().is_empty());
}
