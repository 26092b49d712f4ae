//! Lists that are read in parts.

use collabry_shared::auth::Session;
use collabry_shared::ids::{ConversationId, NotebookId, NotificationId, SessionId, SourceId, UserId};
use collabry_shared::notebooks::Role;
use collabry_shared::notifications::{About, Notification};
use collabry_shared::pages::{Place, Window};
use collabry_shared::storage::StoreResult;

use crate::backend::{Backend, contract};
use crate::fixtures::{at, conversation, join, notebook, source, title, user};

contract!(
    notebooks_are_read_in_parts,
    conversations_are_read_in_parts,
    sources_are_read_in_parts,
    members_are_read_in_parts,
    sessions_are_read_in_parts,
    notifications_are_read_in_parts,
    a_part_begins_behind_a_place_whose_item_is_gone,
);

/// Of so many items, some have the same time.
const ITEMS: i64 = 7;

/// Every item of a list, read in parts of two.
async fn in_parts<T, R: Future<Output = StoreResult<Vec<T>>>>(
    read: impl Fn(Window) -> R,
    place: impl Fn(&T) -> Place,
) -> Vec<T> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let part = read(Window { after, limit: 2 }).await.unwrap();
        assert!(part.len() <= 2);
        let Some(last) = part.last() else { return all };
        after = Some(place(last));
        all.extend(part);
    }
}

async fn notebooks_are_read_in_parts(Backend { stores, .. }: Backend) {
    let (ada, bob) = (user(&stores, "ada").await, user(&stores, "bob").await);
    for n in 0..ITEMS {
        let one = notebook(&stores, &ada).await;
        stores.notebooks.rename(one.id, None, &title("Optics"), at(n / 2)).await.unwrap();
        notebook(&stores, &bob).await;
    }
    let notebooks = &stores.notebooks;
    let read = async |window| notebooks.list_page(ada.id, &window).await;
    let all = in_parts(read, |(one, _)| Place::new(one.updated_at, &one.id)).await;
    assert_eq!(all, notebooks.list_for(ada.id).await.unwrap());
    assert_eq!((all.len(), notebooks.count_owned(ada.id).await.unwrap()), (7, 7));
    assert!(join(&stores, &all[0].0, bob.id, Role::Editor, at(1)).await);
    notebooks.mark_deleted(all[1].0.id, None, at(2)).await.unwrap();
    assert_eq!(notebooks.count_owned(bob.id).await.unwrap(), 7);
    assert_eq!(notebooks.count_owned(ada.id).await.unwrap(), 6);
}

async fn conversations_are_read_in_parts(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await;
    let (here, elsewhere) = (notebook(&stores, &ada).await, notebook(&stores, &ada).await);
    conversation(&stores, &elsewhere, at(1)).await;
    for n in 0..ITEMS {
        conversation(&stores, &here, at(n / 2)).await;
    }
    let conversations = &stores.conversations;
    let read = async |window| conversations.list_page(here.id, &window).await;
    let all = in_parts(read, |one| Place::new(one.last_message_at, &one.id)).await;
    let ids: Vec<ConversationId> = all.iter().map(|one| one.id).collect();
    let whole = conversations.list(here.id).await.unwrap();
    assert_eq!(ids, whole.iter().map(|one| one.id).collect::<Vec<_>>());
    assert_eq!((ids.len(), conversations.count_begun(here.id, ada.id).await.unwrap()), (7, 7));
    conversations.mark_deleted(ids[0], None, at(9)).await.unwrap();
    assert_eq!(conversations.count_begun(here.id, ada.id).await.unwrap(), 6);
    assert_eq!(conversations.count_begun(here.id, UserId::new()).await.unwrap(), 0);
}

async fn sources_are_read_in_parts(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await;
    let here = notebook(&stores, &ada).await;
    for n in 0..ITEMS {
        source(&stores, &here, at(n / 2)).await;
    }
    let read = async |window| stores.sources.list_page(here.id, &window).await;
    let all = in_parts(read, |one| Place::new(one.created_at, &one.id)).await;
    assert_eq!(all, stores.sources.list(here.id).await.unwrap());
    assert_eq!(all.len(), 7);
    let nowhere = stores.sources.list_page(NotebookId::new(), &Window { limit: 2, ..Window::WHOLE }).await.unwrap();
    assert!(nowhere.is_empty());
}

async fn members_are_read_in_parts(Backend { stores, .. }: Backend) {
    let here = notebook(&stores, &user(&stores, "ada").await).await;
    for n in 1..ITEMS {
        let one = user(&stores, &format!("member-{n}")).await;
        assert!(join(&stores, &here, one.id, Role::Viewer, at(n / 2)).await);
    }
    let read = async |window| stores.members.members_page(here.id, &window).await;
    let all = in_parts(read, |one| Place::new(one.joined_at, &one.user.id)).await;
    assert_eq!(all, stores.members.members(here.id).await.unwrap());
    assert_eq!(all.len(), 7);
}

async fn sessions_are_read_in_parts(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await.id;
    for n in 0..ITEMS {
        let byte = u8::try_from(n).unwrap();
        let session = Session {
            id: SessionId::new(),
            user_id: ada,
            token_hash: [byte; 32],
            previous_hash: None,
            other_hash: None,
            family_hash: None,
            created_at: at(0),
            rotated_at: at(n / 2),
            expires_at: at(100),
        };
        stores.sessions.create(&session).await.unwrap();
    }
    let read = async |window| stores.sessions.list_page(ada, at(3), &window).await;
    let all = in_parts(read, |one| Place::new(one.rotated_at, &one.id)).await;
    assert_eq!(all, stores.sessions.list_for(ada, at(3)).await.unwrap());
    assert_eq!(all.len(), 7);
}

async fn notifications_are_read_in_parts(Backend { stores, .. }: Backend) {
    let (ada, bob) = (user(&stores, "ada").await.id, user(&stores, "bob").await.id);
    let mut ids = Vec::new();
    for n in 0..ITEMS {
        for user_id in [ada, bob] {
            let about = About::AddedToNotebook {
                notebook_id: NotebookId::new(),
                title: "Optics".to_owned(),
                by: "Bob".to_owned(),
            };
            let one = Notification { id: NotificationId::new(), user_id, about, created_at: at(n / 2), read_at: None };
            stores.notifications.create(&one).await.unwrap();
            ids.extend((user_id == ada).then_some(one.id));
        }
    }
    let notifications = &stores.notifications;
    notifications.mark_read(ada, ids[2], at(9)).await.unwrap();
    ids.reverse();
    for (unread, expected) in [(false, &ids[..]), (true, &ids[..4])] {
        let read = async |window| notifications.list_page(ada, unread, &window).await;
        let all = in_parts(read, |one: &Notification| Place::new(one.created_at, &one.id)).await;
        assert_eq!(all.iter().map(|one| one.id).collect::<Vec<_>>(), expected);
    }
    assert_eq!(notifications.delete_before(at(1)).await.unwrap(), 4, "two of each");
    assert_eq!(notifications.list_page(ada, false, &Window { limit: 10, ..Window::WHOLE }).await.unwrap().len(), 5);
}

async fn a_part_begins_behind_a_place_whose_item_is_gone(Backend { stores, .. }: Backend) {
    let here = notebook(&stores, &user(&stores, "ada").await).await;
    let (first, second, third) =
        (source(&stores, &here, at(1)).await, source(&stores, &here, at(1)).await, source(&stores, &here, at(2)).await);
    stores.sources.mark_deleted(here.id, first.id, None, at(3)).await.unwrap();
    let behind = |place| Window { after: Some(place), limit: 10 };
    let read = async |window: Window| -> Vec<SourceId> {
        stores.sources.list_page(here.id, &window).await.unwrap().iter().map(|one| one.id).collect()
    };
    assert_eq!(read(behind(Place::new(at(1), &first.id))).await, [second.id, third.id]);
    assert_eq!(read(behind(Place::new(at(1), &second.id))).await, [third.id]);
    assert_eq!(read(behind(Place::new(at(0), &"x"))).await, [second.id, third.id]);
}
