//! What is asked of a backend as a whole.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use collabry_shared::auth::Email;
use collabry_shared::health::metrics;
use collabry_shared::ids::OwnerId;
use collabry_shared::storage::MongoConfig;
use collabry_shared::storage::StoreError;
use prometheus_client::registry::Registry;

use crate::backend::{Backend, contract, mongo_config};
use crate::fixtures::{at, chunk, conversation, new_generation, owned_notebook, sent, source};

contract!(
    a_backend_answers,
    everything_is_there_again_after_a_restart,
    a_large_segment_comes_back_whole,
    a_list_is_one_operation_and_one_more_for_each_further_batch,
);

async fn a_backend_answers(Backend { stores, .. }: Backend) {
    stores.probe.ping().await.unwrap();
    stores.blobs.ping().await.unwrap();
    let version = stores.probe.version().await.unwrap();
    assert!(version.starts_with("SQLite 3.") || version.starts_with("MongoDB "), "{version}");
}

/// Operations that were counted, by the labels that a line has.
fn operations(registry: &Registry, labels: &str) -> u64 {
    let text = metrics::text([registry]);
    let counts =
        text.lines().filter(|line| line.contains("_operation_duration_seconds_count{") && line.contains(labels));
    counts.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

async fn a_list_is_one_operation_and_one_more_for_each_further_batch(Backend { stores, .. }: Backend) {
    let notebook = owned_notebook(&stores).await;
    let talk = conversation(&stores, &notebook, at(0)).await;
    for n in 0..250 {
        sent(&stores, talk.id, &n.to_string()).await;
    }
    let mut registry = Registry::default();
    stores.register(&mut registry);
    let mongo = stores.probe.version().await.unwrap().starts_with("MongoDB");
    // A first batch has 101 documents or more.
    for (limit, further) in [(100, 0), (250, 1)] {
        let labels = if mongo { r#"command="find",collection="messages""# } else { r#"pool="read""# };
        let more = r#"command="getMore",collection="messages""#;
        let before = (operations(&registry, labels), operations(&registry, more));
        let read = stores.conversations.history(talk.id, None, limit).await.unwrap().messages;
        assert_eq!(read.len(), limit as usize);
        let after = (operations(&registry, labels), operations(&registry, more));
        assert_eq!(after.0 - before.0, 1, "{limit}: {labels}");
        assert!(after.1 - before.1 <= further, "{limit}: {} further batches", after.1 - before.1);
    }
    assert!(!metrics::text([&registry]).lines().any(|line| line.contains("_failures_total{") && !line.ends_with(" 0")));
}

async fn everything_is_there_again_after_a_restart(backend: Backend) {
    let stores = &backend.stores;
    let notebook = owned_notebook(stores).await;
    let talk = conversation(stores, &notebook, at(0)).await;
    let message = sent(stores, talk.id, "a").await;
    let generation = new_generation(&talk, at(0));
    stores.generations.create(&generation).await.unwrap();
    let source = source(stores, &notebook, at(0)).await;
    let claim = stores.ingest_queue.claim(OwnerId::new(), at(0), at(60)).await.unwrap().unwrap();
    stores.segments.put_chunks(&claim, &[chunk(0)]).await.unwrap();

    let backend = backend.reopen().await;
    let stores = &backend.stores;
    assert_eq!(stores.notebooks.get(notebook.id).await.unwrap(), Some(notebook));
    assert_eq!(stores.conversations.message(talk.id, message.id).await.unwrap(), Some(message));
    assert_eq!(sent(stores, talk.id, "b").await.rev, 2);
    assert_eq!(stores.generations.get(generation.id).await.unwrap(), Some(generation));
    assert_eq!(stores.sources.get(source.notebook_id, source.id).await.unwrap(), Some(source));
    assert_eq!(stores.segments.chunks(claim.segment()).await.unwrap(), [chunk(0)]);
    assert!(stores.ingest_queue.ready(&claim, None, 1, at(1)).await.unwrap(), "the lease survives too");
}

/// What is logged on this thread.
#[derive(Clone, Default)]
pub struct Log(pub Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Lines as text, until what comes with it is dropped.
    pub fn begin() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn slow_queries_are_logged_without_what_they_ask_for() {
    let backend = Backend::mongo().await.that_logs_every_query().await;
    let (log, logging) = Log::begin();
    let ada = Email::parse("ada@example.org").unwrap();
    assert_eq!(backend.stores.users.by_email(&ada).await.unwrap(), None);
    drop(logging);
    backend.cleanup().await;
    let logged = log.text();
    assert!(logged.contains("a slow query") && logged.contains("{email: ?}"), "{logged}");
    assert!(!logged.contains("ada"), "{logged}");
}

#[tokio::test]
async fn slow_statements_of_the_embedded_database_are_logged_alike() {
    let backend = Backend::sqlite().await;
    let backend = backend.that_logs_every_query().await;
    let (log, logging) = Log::begin();
    let ada = Email::parse("ada@example.org").unwrap();
    assert_eq!(backend.stores.users.by_email(&ada).await.unwrap(), None);
    // What is written in one transaction, statement by statement.
    let talk = conversation(&backend.stores, &owned_notebook(&backend.stores).await, at(0)).await;
    sent(&backend.stores, talk.id, "whisper").await;
    drop(logging);
    let logged = log.text();
    for part in ["FROM users WHERE email", "BEGIN IMMEDIATE", "INSERT INTO messages", "COMMIT"] {
        let of_part = |line: &&str| line.contains("a slow query") && line.contains(part) && line.contains("millis=");
        assert!(logged.lines().any(|line| of_part(&line)), "{part}: {logged}");
    }
    for value in ["ada@", "whisper"] {
        assert!(!logged.contains(value), "{value}: {logged}");
    }

    // The setting is what decides.
    let patient = Backend::sqlite().await;
    let (log, _logging) = Log::begin();
    let talk = conversation(&patient.stores, &owned_notebook(&patient.stores).await, at(0)).await;
    sent(&patient.stores, talk.id, "whisper").await;
    let slow: Vec<_> = log.text().lines().filter(|line| line.contains("a slow query")).map(str::to_owned).collect();
    let took = |line: &String| line.rsplit_once("millis=").and_then(|(_, millis)| millis.trim().parse::<u64>().ok());
    assert!(slow.iter().all(|line| took(line).is_some_and(|millis| millis >= 1_000)), "{slow:?}");
}

#[tokio::test]
async fn a_database_that_is_away_is_an_error_at_the_start() {
    // Nothing listens on the port of the discard service.
    let nobody = mongo_config("mongodb://127.0.0.1:9/collabry");
    let opened = Backend::try_open(Some(MongoConfig { timeout: Duration::from_secs(1), ..nobody })).await;
    assert!(matches!(opened.map(|_| ()), Err(StoreError::Unavailable(_))));
}

async fn a_large_segment_comes_back_whole(Backend { stores, .. }: Backend) {
    const CHUNKS: u32 = 5_000;
    let notebook = owned_notebook(&stores).await;
    source(&stores, &notebook, at(0)).await;
    let claim = stores.ingest_queue.claim(OwnerId::new(), at(0), at(60)).await.unwrap().unwrap();
    let chunks: Vec<_> = (0..CHUNKS).map(chunk).collect();
    for batch in chunks.chunks(500) {
        assert!(stores.segments.put_chunks(&claim, batch).await.unwrap());
    }
    assert!(stores.segments.chunks(claim.segment()).await.unwrap() == chunks);
    // More than one step of a purge.
    stores.sources.mark_deleted(notebook.id, claim.source.id, None, at(1)).await.unwrap();
    stores.sources.purge(claim.source.id).await.unwrap();
    assert!(stores.sources.deleted(at(1)).await.unwrap().is_empty());
}
