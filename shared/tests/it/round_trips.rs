//! How often a process asks the database for what people wait for: each round trip to a MongoDB is a millisecond of theirs.

use collabry_shared::conversations::{Appended, Conversation, Opened};
use collabry_shared::generations::{Allowance, Generation, Requested};
use collabry_shared::health::metrics;
use collabry_shared::ids::UserId;
use collabry_shared::notebooks::Role;
use collabry_shared::stores::Stores;
use prometheus_client::registry::Registry;

use crate::backend::{Backend, contract};
use crate::fixtures::{at, conversation, new_generation, new_message, owned_notebook, sent, user};

contract!(
    a_member_gets_the_conversation_and_their_role,
    who_opens_a_conversation_gets_what_they_lack,
    a_message_is_appended_where_its_sender_saw_the_end
);

async fn a_member_gets_the_conversation_and_their_role(Backend { stores, .. }: Backend) {
    let notebook = owned_notebook(&stores).await;
    let talk = conversation(&stores, &notebook, at(0)).await;
    let (owner, stranger) = (notebook.created_by, user(&stores, "eve").await.id);
    let found = stores.conversations.for_member(talk.id, owner).await.unwrap();
    assert_eq!(found, Some((talk.clone(), Role::Owner)));
    assert_eq!(stores.conversations.for_member(talk.id, stranger).await.unwrap(), None);
    assert_eq!(stores.conversations.for_member(talk.id, UserId::new()).await.unwrap(), None);

    let other = conversation(&stores, &notebook, at(1)).await;
    stores.conversations.mark_deleted(other.id, None, at(2)).await.unwrap();
    assert_eq!(stores.conversations.for_member(other.id, owner).await.unwrap(), None);
    stores.notebooks.mark_deleted(notebook.id, None, at(3)).await.unwrap();
    assert_eq!(stores.conversations.for_member(talk.id, owner).await.unwrap(), None);
    assert_eq!(stores.conversations.open(talk.id, owner, None, 10).await.unwrap(), None);
    assert_eq!(stores.conversations.get(talk.id).await.unwrap(), None);
}

async fn who_opens_a_conversation_gets_what_they_lack(Backend { stores, .. }: Backend) {
    let notebook = owned_notebook(&stores).await;
    let talk = conversation(&stores, &notebook, at(0)).await;
    let owner = notebook.created_by;
    let mut said = Vec::new();
    for n in 0..5 {
        said.push(sent(&stores, talk.id, &n.to_string()).await);
    }
    stores.conversations.mark_read(talk.id, owner, 2).await.unwrap();

    let open = async |since, limit| stores.conversations.open(talk.id, owner, since, limit).await.unwrap().unwrap();
    let Opened { conversation, role, members, page, read_marks } = open(None, 3).await;
    assert_eq!((conversation.head, role, members), (5, Role::Owner, vec![owner]));
    assert_eq!((page.messages, page.complete), (said[2..].to_vec(), true), "the newest, as they were said");
    assert_eq!(read_marks, stores.conversations.read_marks(talk.id).await.unwrap());
    assert_eq!(read_marks.len(), 1);

    let page = open(Some(1), 3).await.page;
    assert_eq!((page.messages, page.complete), (said[1..4].to_vec(), false));
    let page = open(Some(5), 3).await.page;
    assert_eq!((page.messages, page.complete), (Vec::new(), true));
    let stranger = user(&stores, "eve").await.id;
    assert_eq!(stores.conversations.open(talk.id, stranger, None, 3).await.unwrap(), None);
}

/// Whatever they saw: an end that has moved on since leaves no gap.
async fn a_message_is_appended_where_its_sender_saw_the_end(Backend { stores, .. }: Backend) {
    let notebook = owned_notebook(&stores).await;
    let talk = conversation(&stores, &notebook, at(0)).await;
    for (n, head) in [0, 1, 0, 2, 4].into_iter().enumerate() {
        let message = new_message(talk.id, &n.to_string());
        let Appended::Created(stored) = stores.conversations.append_at(&message, head).await.unwrap() else {
            panic!("{n} is there already");
        };
        assert_eq!(stored.rev, n as u64 + 1);
    }
    let again = stores.conversations.append_at(&new_message(talk.id, "1"), 5).await.unwrap();
    assert!(matches!(again, Appended::Existing(known) if known.rev == 2));
    stores.conversations.mark_deleted(talk.id, None, at(2)).await.unwrap();
    assert!(stores.conversations.append_at(&new_message(talk.id, "late"), 5).await.is_err());
}

/// Operations on the database that `work` takes.
async fn counted<T>(stores: &Stores, work: impl Future<Output = T>) -> (T, u64) {
    let mut registry = Registry::default();
    stores.register(&mut registry);
    let count = || {
        let text = metrics::text([&registry]);
        let counts = text.lines().filter(|line| line.contains("_operation_duration_seconds_count{"));
        counts.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum::<u64>()
    };
    let before = count();
    let done = work.await;
    (done, count() - before)
}

#[tokio::test]
async fn what_people_wait_for_takes_few_round_trips() {
    let backend = Backend::mongo().await;
    let cleanup = backend.cleanup();
    let stores = backend.stores;
    let notebook = owned_notebook(&stores).await;
    let talk = conversation(&stores, &notebook, at(0)).await;
    let owner = notebook.created_by;
    sent(&stores, talk.id, "0").await;
    let conversations = &stores.conversations;

    let send = async {
        let (Conversation { head, .. }, _) = conversations.for_member(talk.id, owner).await.unwrap().unwrap();
        conversations.append_at(&new_message(talk.id, "1"), head).await.unwrap();
    };
    assert_eq!(counted(&stores, send).await.1, 3, "a message: right, message, head");

    let allowance = Allowance { unfinished: 3, daily: 500, daily_of_all: 20_000 };
    // The first of a day begins its counts.
    let request = || Generation { requested_by: owner, ..new_generation(&talk, at(0)) };
    let first = request();
    assert_eq!(stores.generations.request(&first, &allowance).await.unwrap(), Requested::Queued);
    stores.generations.withdraw(first.id).await.unwrap();
    let ask = async {
        let (Conversation { head, .. }, _) = conversations.for_member(talk.id, owner).await.unwrap().unwrap();
        let requested = stores.generations.request(&request(), &allowance).await.unwrap();
        assert_eq!(requested, Requested::Queued);
        conversations.append_at(&new_message(talk.id, "2"), head).await.unwrap();
    };
    assert_eq!(counted(&stores, ask).await.1, 6, "and a question: the day of one and of all, and the request");

    let join = async |since| {
        conversations.for_member(talk.id, owner).await.unwrap().unwrap();
        stores.generations.unfinished_in(talk.id).await.unwrap();
        conversations.open(talk.id, owner, since, 50).await.unwrap().unwrap();
    };
    assert_eq!(counted(&stores, join(None)).await.1, 5, "right, answers, messages, marks, right");
    assert_eq!(counted(&stores, join(Some(1))).await.1, 6, "and where the log ends");
    drop(stores);
    cleanup.await;
}
