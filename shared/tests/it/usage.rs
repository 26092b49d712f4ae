//! Usage by user and day.

use collabry_shared::auth::User;
use collabry_shared::conversations::{Author, Content, NewMessage};
use collabry_shared::generations::Generation;
use collabry_shared::ids::UserId;
use collabry_shared::models::ModelId;
use collabry_shared::sources::{Origin, Source, SourceVersion};
use collabry_shared::stores::Stores;
use collabry_shared::usage::{ModelUsage, UsageDay};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::backend::{Backend, contract};
use crate::fixtures::{conversation, new_generation, new_message, notebook, queued_version, source, user};

contract!(a_day_is_counted_by_user_and_model, a_roll_up_changes_nothing_twice, what_was_deleted_stays_counted);

const DAY: Date = Date::constant(2026, 3, 1);

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// One message, a version of a file, and an answer, all at `now`.
async fn busy(stores: &Stores, user: &User, model: &str, now: Timestamp) {
    let notebook = notebook(stores, user).await;
    let talk = conversation(stores, &notebook, now).await;
    let author = Author::User { user_id: user.id, name: user.name.to_string() };
    let question = NewMessage { author, created_at: now, ..new_message(talk.id, "question") };
    stores.conversations.append(&question).await.unwrap();
    let model = ModelId::parse(model).unwrap();
    let generation = Generation { requested_by: user.id, model: model.clone(), ..new_generation(&talk, now) };
    stores.generations.create(&generation).await.unwrap();
    let answer = NewMessage {
        id: generation.answer_id,
        author: Author::Assistant { model },
        content: Content::parse("Größe: 7 €").unwrap(),
        created_at: now,
        ..new_message(talk.id, "answer")
    };
    stores.conversations.append(&answer).await.unwrap();
    source(stores, &notebook, now).await;
    let page = collabry_shared::ids::SourceId::new();
    let url = Source {
        id: page,
        notebook_id: notebook.id,
        name: "a page".to_owned(),
        origin: Origin::Url { url: "https://example.org/".parse().unwrap() },
        created_by: user.id,
        created_at: now,
        latest: SourceVersion { size: 99, ..queued_version(notebook.id, page, 1, now) },
        ready_version: None,
    };
    stores.sources.create(&url).await.unwrap();
}

async fn usage(stores: &Stores, user: UserId) -> Vec<UsageDay> {
    stores.usage.of(user, Date::constant(2026, 1, 1), Date::constant(2026, 12, 31)).await.unwrap()
}

fn of_model(model: &str, generations: u64) -> ModelUsage {
    ModelUsage { model: ModelId::parse(model).unwrap(), generations, characters: 10 * generations }
}

async fn a_day_is_counted_by_user_and_model(Backend { stores, .. }: Backend) {
    let (ada, bob) = (user(&stores, "ada").await, user(&stores, "bob").await);
    for (who, model, at) in [
        (&ada, "builtin/extractive", "2026-02-28T23:59:59.999Z"),
        (&ada, "builtin/extractive", "2026-03-01T00:00:00Z"),
        (&ada, "ollama/llama3.1:8b", "2026-03-01T12:00:00Z"),
        (&bob, "builtin/extractive", "2026-03-01T12:00:00Z"),
        (&ada, "builtin/extractive", "2026-03-01T23:59:59.999Z"),
        (&ada, "builtin/extractive", "2026-03-02T00:00:00Z"),
    ] {
        busy(&stores, who, model, time(at)).await;
    }
    stores.usage.roll_up(DAY).await.unwrap();
    let expected = UsageDay {
        day: DAY,
        messages: 3,
        uploads: 3,
        uploaded_bytes: 3 * 12_345,
        models: vec![of_model("builtin/extractive", 2), of_model("ollama/llama3.1:8b", 1)],
    };
    assert_eq!(usage(&stores, ada.id).await, [expected]);
    let bobs = usage(&stores, bob.id).await;
    assert_eq!((bobs.len(), bobs[0].messages, bobs[0].models.len()), (1, 1, 1));
    assert!(usage(&stores, UserId::new()).await.is_empty());

    stores.usage.roll_up(DAY.tomorrow().unwrap()).await.unwrap();
    let days: Vec<_> = usage(&stores, ada.id).await.iter().map(|usage| usage.day).collect();
    assert_eq!(days, [DAY, DAY.tomorrow().unwrap()]);
    assert!(stores.usage.of(ada.id, DAY.yesterday().unwrap(), DAY.yesterday().unwrap()).await.unwrap().is_empty());
}

async fn a_roll_up_changes_nothing_twice(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await;
    busy(&stores, &ada, "builtin/extractive", time("2026-03-01T10:00:00Z")).await;
    stores.usage.roll_up(DAY).await.unwrap();
    let once = usage(&stores, ada.id).await;
    let roll_ups = (0..8).map(|_| {
        let usage = stores.usage.clone();
        tokio::spawn(async move { usage.roll_up(DAY).await.unwrap() })
    });
    futures::future::try_join_all(roll_ups).await.unwrap();
    assert_eq!(usage(&stores, ada.id).await, once);
    busy(&stores, &ada, "builtin/extractive", time("2026-03-01T11:00:00Z")).await;
    stores.usage.roll_up(DAY).await.unwrap();
    assert_eq!(usage(&stores, ada.id).await[0].messages, 2, "the day went on");
}

async fn what_was_deleted_stays_counted(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await;
    let now = time("2026-03-01T10:00:00Z");
    busy(&stores, &ada, "builtin/extractive", now).await;
    stores.usage.roll_up(DAY).await.unwrap();
    let before = usage(&stores, ada.id).await;
    let (notebook, _) = stores.notebooks.list_for(ada.id).await.unwrap().remove(0);
    stores.notebooks.mark_deleted(notebook.id, None, now + SignedDuration::from_secs(1)).await.unwrap();
    stores.notebooks.purge(notebook.id).await.unwrap();
    stores.usage.roll_up(DAY).await.unwrap();
    assert_eq!(usage(&stores, ada.id).await, before);
}
