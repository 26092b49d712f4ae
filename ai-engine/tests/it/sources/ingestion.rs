//! The ingestion loop over a real store, with real children; only the vectors are made up.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use collabry_ai_engine::embeddings::{EmbedError, Embedder, Priority};
use collabry_ai_engine::sources::{Ingestion, IngestionParts};
use collabry_shared::auth::{Email, User};
use collabry_shared::clock::{Clock as _, SystemClock};
use collabry_shared::config::ExtractionConfig;
use collabry_shared::ids::{NotebookId, OwnerId, SourceId, UserId};
use collabry_shared::notebooks::Notebook;
use collabry_shared::notifications::About;
use collabry_shared::realtime::{Event, LocalFanOut, Published, Room};
use collabry_shared::sources::{Format, IngestState, Origin, Source, SourceVersion};
use collabry_shared::storage::{Blobs, Stores, sqlite};
use tempfile::TempDir;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::fetching::Site;
use super::pdfs::{encrypted, pdf};
use super::{config, extractor};

/// Vectors of a text's length, as many batches as the test lets through.
struct Gated(Semaphore);

#[async_trait]
impl Embedder for Gated {
    fn dimensions(&self) -> usize {
        2
    }

    async fn embed(&self, texts: Vec<String>, priority: Priority) -> Result<Vec<Vec<f32>>, EmbedError> {
        assert_eq!(priority, Priority::Background);
        self.0.acquire().await.map_err(|error| EmbedError::Model(error.to_string()))?.forget();
        Ok(texts.iter().map(|text| vec![f32::from(u16::try_from(text.len()).unwrap()), 1.0]).collect())
    }
}

/// A store with one notebook, and the loop over it.
struct Rig {
    stores: Stores,
    notebook: Notebook,
    gate: Arc<Gated>,
    engine: Engine,
    events: mpsc::Receiver<Published>,
    _folder: TempDir,
}

struct Engine {
    ingestion: Arc<Ingestion>,
    running: JoinHandle<()>,
    shutdown: CancellationToken,
}

const UNLIMITED: usize = Semaphore::MAX_PERMITS;

impl Rig {
    /// The embedder lets `batches` through.
    async fn start(batches: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stores = sqlite::open(folder.path(), Arc::new(SystemClock)).await.unwrap();
        let notebook = notebook(&stores).await;
        let gate = Arc::new(Gated(Semaphore::new(batches)));
        let (fan_out, events) = LocalFanOut::new();
        let engine = Engine::start(&stores, &gate, fan_out);
        Self { stores, notebook, gate, engine, events, _folder: folder }
    }

    /// Another engine on the same store, after the first has ended.
    fn restart(&mut self) {
        let (fan_out, events) = LocalFanOut::new();
        (self.engine, self.events) = (Engine::start(&self.stores, &self.gate, fan_out), events);
    }

    async fn add(&self, name: &str, format: Format, bytes: &[u8]) -> Source {
        let source = source(&self.notebook, name, format, Origin::Upload);
        self.stores.blobs.put(&source.latest.blob_key, Bytes::copy_from_slice(bytes)).await.unwrap();
        self.queue(source).await
    }

    async fn queue(&self, source: Source) -> Source {
        self.stores.sources.create(&source).await.unwrap();
        self.engine.ingestion.nudge();
        source
    }

    /// The next state of the source that everyone in the notebook hears of.
    async fn next_state(&mut self) -> Source {
        loop {
            if let Published::Emit(room, Event::SourceStatus { source }) = self.events.recv().await.unwrap() {
                assert_eq!(room, Room::Notebook(self.notebook.id));
                return source;
            }
        }
    }

    async fn ended(&mut self) -> Source {
        loop {
            let source = self.next_state().await;
            if matches!(source.latest.state, IngestState::Ready | IngestState::Failed(_)) {
                return source;
            }
        }
    }

    async fn embedding(&mut self) {
        while !matches!(self.next_state().await.latest.state, IngestState::Embed { .. }) {}
    }

    async fn has_blob(&self, source: &Source) -> bool {
        self.stores.blobs.get(&source.latest.blob_key).await.unwrap().is_some()
    }

    async fn purged(&self) {
        loop {
            let waiting = self.stores.sources.deleted().await.unwrap().len();
            if waiting + self.stores.notebooks.deleted().await.unwrap().len() == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Engine {
    fn start(stores: &Stores, gate: &Arc<Gated>, fan_out: LocalFanOut) -> Self {
        let config = ExtractionConfig { fetch_allow_private: true, ..config() };
        let ingestion = Arc::new(
            Ingestion::new(IngestionParts {
                stores: stores.clone(),
                fan_out: Arc::new(fan_out),
                embedder: gate.clone(),
                clock: Arc::new(SystemClock),
                extractor: extractor(config.clone()),
                config,
            })
            .unwrap(),
        );
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(Arc::clone(&ingestion).run(shutdown.clone()));
        Self { ingestion, running, shutdown }
    }
}

async fn notebook(stores: &Stores) -> Notebook {
    let now = SystemClock.now();
    let user = User {
        id: UserId::new(),
        email: Email::parse("ada@example.org").unwrap(),
        name: "Ada".to_owned(),
        password_hash: "-".to_owned(),
        created_at: now,
    };
    stores.users.create(&user).await.unwrap();
    let notebook = Notebook {
        id: NotebookId::new(),
        title: "Rivers".to_owned(),
        join_code: None,
        created_by: user.id,
        created_at: now,
        updated_at: now,
    };
    stores.notebooks.create(&notebook).await.unwrap();
    notebook
}

fn source(notebook: &Notebook, name: &str, format: Format, origin: Origin) -> Source {
    let (id, now) = (SourceId::new(), SystemClock.now());
    Source {
        id,
        notebook_id: notebook.id,
        name: name.to_owned(),
        origin,
        created_by: notebook.created_by,
        created_at: now,
        latest: SourceVersion {
            version: 1,
            format,
            size: 0,
            blob_key: Blobs::source_key(notebook.id, id, 1),
            state: IngestState::Queued,
            page_count: None,
            chunk_count: None,
            created_at: now,
            updated_at: now,
        },
        ready_version: None,
    }
}

/// Text of several batches of passages, with characters of all lengths.
fn long_text() -> String {
    let filler = "It is long and wide. ".repeat(20);
    let chapter = |n: u32| format!("# Ch 1.{n}\n\nThe größte of rivers № {n} € 𝛼 flows. {filler}\n\n");
    (0..400).map(chapter).collect::<Vec<_>>().concat()
}

async fn check_chunks(stores: &Stores, source: &Source) {
    let segment = collabry_shared::sources::SegmentId { source_id: source.id, version: 1 };
    let chunks = stores.sources.chunks(segment).await.unwrap();
    assert_eq!(Some(u32::try_from(chunks.len()).unwrap()), source.latest.chunk_count);
    assert!(!chunks.is_empty());
    for (chunk, index) in chunks.iter().zip(0..) {
        assert_eq!(chunk.index, index);
        let page = stores.sources.page(segment, chunk.page).await.unwrap().unwrap();
        let [skip, take] = [chunk.start - page.start, chunk.end - chunk.start].map(|n| usize::try_from(n).unwrap());
        let mut text: Vec<char> = page.text.chars().skip(skip).take(take).collect();
        let mut next = chunk.page;
        while text.len() < take {
            next += 1;
            let page = stores.sources.page(segment, next).await.unwrap().unwrap();
            text.extend(page.text.chars().take(take - text.len()));
        }
        assert_eq!(text.into_iter().collect::<String>(), chunk.text);
        assert_eq!(chunk.embedding.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_becomes_searchable_step_by_step() {
    let mut rig = Rig::start(UNLIMITED).await;
    let text = long_text();
    rig.add("rivers.md", Format::Markdown, text.as_bytes()).await;
    assert_eq!(rig.next_state().await.latest.state, IngestState::Extract);
    assert_eq!(rig.next_state().await.latest.state, IngestState::Chunk);
    let IngestState::Embed { done: 0, total } = rig.next_state().await.latest.state else { panic!("embedding begins") };
    assert!(total > 64, "more than one batch");
    let ready = rig.ended().await;
    assert_eq!((ready.latest.state.clone(), ready.ready_version), (IngestState::Ready, Some(1)));
    assert_eq!((ready.latest.chunk_count, ready.latest.page_count), (Some(total), None));
    check_chunks(&rig.stores, &ready).await;
    let mut whole = String::new();
    let segment = collabry_shared::sources::SegmentId { source_id: ready.id, version: 1 };
    for number in 1.. {
        let Some(page) = rig.stores.sources.page(segment, number).await.unwrap() else { break };
        whole.push_str(&page.text);
    }
    assert_eq!(whole, text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_a_pdf_are_counted_and_cited() {
    let mut rig = Rig::start(UNLIMITED).await;
    rig.add("rivers.pdf", Format::Pdf, &pdf("", &[vec!["First page."], vec![], vec!["Third page."]])).await;
    let ready = rig.ended().await;
    assert_eq!(ready.latest.page_count, Some(3));
    check_chunks(&rig.stores, &ready).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_names_step_and_reason_and_is_notified() {
    let mut rig = Rig::start(UNLIMITED).await;
    rig.add("secret.pdf", Format::Pdf, &encrypted()).await;
    let source = rig.ended().await;
    let IngestState::Failed(failure) = &source.latest.state else { panic!("a locked file fails") };
    assert_eq!((failure.at.as_str(), failure.code.as_str()), ("extract", "encrypted"));
    let Published::Emit(room, Event::NotificationNew { notification }) = rig.events.recv().await.unwrap() else {
        panic!("the one who added it is told")
    };
    assert_eq!(room, Room::User(source.created_by));
    let about = About::SourceFailed {
        notebook_id: rig.notebook.id,
        source_name: "secret.pdf".to_owned(),
        message: failure.message.clone(),
    };
    assert_eq!(notification.about, about);
    let stored = rig.stores.notifications.list(source.created_by, 10).await.unwrap();
    assert_eq!(stored.into_iter().map(|stored| stored.id).collect::<Vec<_>>(), [notification.id]);
    assert!(rig.has_blob(&source).await, "the file is kept");

    // Once the cause is gone, it can be tried again.
    rig.stores.blobs.put(&source.latest.blob_key, pdf("", &[vec!["Open."]]).into()).await.unwrap();
    rig.stores.sources.retry(rig.notebook.id, source.id, SystemClock.now()).await.unwrap().unwrap();
    rig.engine.ingestion.nudge();
    assert_eq!(rig.ended().await.latest.state, IngestState::Ready);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_web_page_is_fetched_kept_and_named() {
    let site = Site::start().await;
    let mut rig = Rig::start(UNLIMITED).await;
    let url = site.url("/page").parse().unwrap();
    rig.queue(source(&rig.notebook, "a page", Format::Web, Origin::Url { url })).await;
    assert_eq!(rig.next_state().await.latest.state, IngestState::Fetch);
    let ready = rig.ended().await;
    assert_eq!((ready.name.as_str(), ready.latest.format), ("Rivers of Europe", Format::Html));
    assert!(ready.latest.size > 0 && rig.has_blob(&ready).await);
    let url = site.url("/gone").parse().unwrap();
    rig.queue(source(&rig.notebook, "no page", Format::Web, Origin::Url { url })).await;
    let IngestState::Failed(failure) = rig.ended().await.latest.state else { panic!("there is no page") };
    assert_eq!((failure.at.as_str(), failure.code.as_str()), ("fetch", "url_status"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_deleted_meanwhile_does_not_come_back() {
    let mut rig = Rig::start(1).await;
    let doomed = rig.add("rivers.md", Format::Markdown, long_text().as_bytes()).await;
    rig.embedding().await;
    assert!(rig.stores.sources.mark_deleted(rig.notebook.id, doomed.id, SystemClock.now()).await.unwrap());
    rig.engine.ingestion.nudge();
    rig.purged().await;
    assert!(!rig.has_blob(&doomed).await);
    // The place of the work that was stopped is free: the next source gets through, and through the gate.
    rig.gate.0.add_permits(10);
    let next = rig.add("short.md", Format::Markdown, b"Short.").await;
    let ended = rig.ended().await;
    assert_eq!((ended.id, ended.latest.state), (next.id, IngestState::Ready));
    assert_eq!(rig.stores.sources.list(rig.notebook.id).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_notebook_is_purged_with_its_files() {
    let mut rig = Rig::start(UNLIMITED).await;
    let source = rig.add("rivers.md", Format::Markdown, b"They flow.").await;
    rig.ended().await;
    assert!(rig.stores.notebooks.mark_deleted(rig.notebook.id, SystemClock.now()).await.unwrap());
    rig.engine.ingestion.nudge();
    rig.purged().await;
    assert!(!rig.has_blob(&source).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_gives_the_work_back_and_the_next_engine_ends_it() {
    let mut rig = Rig::start(1).await;
    rig.add("rivers.md", Format::Markdown, long_text().as_bytes()).await;
    rig.embedding().await;
    rig.engine.shutdown.cancel();
    (&mut rig.engine.running).await.unwrap();
    let list = rig.stores.sources.list(rig.notebook.id).await.unwrap();
    assert_eq!(list[0].latest.state, IngestState::Queued);

    rig.gate.0.add_permits(1000);
    rig.restart();
    let ready = rig.ended().await;
    assert_eq!(ready.latest.state, IngestState::Ready);
    check_chunks(&rig.stores, &ready).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn abandoned_work_is_taken_over() {
    let mut rig = Rig::start(UNLIMITED).await;
    rig.engine.shutdown.cancel();
    (&mut rig.engine.running).await.unwrap();
    rig.add("rivers.md", Format::Markdown, b"They flow.").await;
    let now = SystemClock.now();
    let dead = rig.stores.sources.claim(OwnerId::new(), now, now).await.unwrap().unwrap();
    rig.restart();
    assert_eq!(rig.ended().await.latest.state, IngestState::Ready);
    assert!(!rig.stores.sources.clear_segment(&dead).await.unwrap(), "the dead engine has no say any more");
}
