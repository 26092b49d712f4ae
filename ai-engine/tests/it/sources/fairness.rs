//! One person's large files and slow addresses beside another's small upload.

use collabry_shared::auth::{Email, Name, User};
use collabry_shared::clock::{Clock as _, SystemClock};
use collabry_shared::ids::UserId;
use collabry_shared::sources::{Format, IngestState, Origin, Source};
use tokio::net::TcpListener;

use super::ingestion::long_text;
use super::rig::{Rig, source};

async fn ben(rig: &Rig) -> UserId {
    let user = User::new(Email::parse("ben@example.org").unwrap(), Name::parse("Ben").unwrap(), SystemClock.now());
    rig.stores.users.create(&user, &"$argon2id$".into()).await.unwrap();
    user.id
}

async fn add_as(rig: &Rig, person: UserId, name: &str, text: &str) -> Source {
    let mut added = Source { created_by: person, ..source(&rig.notebook, name, Format::Markdown, Origin::Upload) };
    added.latest.size = text.len() as u64;
    rig.stores.blobs.put(&added.latest.blob_key, text.to_owned().into()).await.unwrap();
    rig.queue(added).await
}

async fn state(rig: &Rig, source: &Source) -> IngestState {
    rig.stores.sources.get(rig.notebook.id, source.id).await.unwrap().unwrap().latest.state
}

/// Once `small` waits for the embedder, lets the embedder work batch by batch until it is ready.
async fn embed_until_ready(rig: &Rig, small: &Source) {
    loop {
        match state(rig, small).await {
            IngestState::Ready => return,
            IngestState::Embed { .. } if rig.gate.0.available_permits() == 0 => rig.gate.0.add_permits(1),
            IngestState::Failed(failure) => panic!("{failure:?}"),
            _ => tokio::task::yield_now().await,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_upload_is_ready_while_a_large_one_of_somebody_else_is_embedded() {
    let mut rig = Rig::start(2).await;
    let ben = ben(&rig).await;
    let ada = rig.notebook.created_by;
    let large = add_as(&rig, ada, "large.md", &long_text().repeat(4)).await;
    add_as(&rig, ada, "next.md", &long_text().repeat(4)).await;
    rig.embedding().await;
    let small = add_as(&rig, ben, "small.md", "A paragraph.").await;
    embed_until_ready(&rig, &small).await;
    assert!(matches!(state(&rig, &large).await, IngestState::Embed { .. }));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_that_never_answer_hold_up_nobody() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", silent.local_addr().unwrap());
    let mut rig = Rig::start(2).await;
    let ben = ben(&rig).await;
    for _ in 0..20 {
        let origin = Origin::Url { url: address.parse().unwrap() };
        rig.queue(source(&rig.notebook, "a page", Format::Web, origin)).await;
    }
    while rig.next_state().await.latest.state != IngestState::Fetch {}
    let own = add_as(&rig, rig.notebook.created_by, "own.md", "A paragraph.").await;
    embed_until_ready(&rig, &own).await;
    let small = add_as(&rig, ben, "small.md", "A paragraph.").await;
    embed_until_ready(&rig, &small).await;
    let fetching = rig.stores.ingest_queue.open_versions(SystemClock.now()).await.unwrap();
    assert!(fetching.iter().filter(|one| one.held).count() <= 2, "no more than two of one person");
    rig.stop().await;
}
