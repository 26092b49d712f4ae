//! A store with one notebook, and the ingestion loop over it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use collabry_ai_engine::embeddings::{EmbedError, Embedder, Priority};
use collabry_ai_engine::sources::{Ingestion, IngestionParts};
use collabry_shared::auth::{Email, Name, User};
use collabry_shared::clock::{Clock, SystemClock};
use collabry_shared::config::ExtractionConfig;
use collabry_shared::ids::{NotebookId, SourceId};
use collabry_shared::notebooks::{Notebook, Title};
use collabry_shared::notifications::About;
use collabry_shared::pages::Window;
use collabry_shared::realtime::{Event, LocalFanOut, Published, Room};
use collabry_shared::sources::{Format, IngestFailure, IngestState, Origin, Source, SourceVersion};
use collabry_shared::storage::Blobs;
use collabry_shared::stores::{self, Stores};
use tempfile::TempDir;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{config, extractor};

/// Embeds a text as its length, for as many batches as the test lets through.
pub struct Gated(pub Semaphore);

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
pub struct Rig {
    pub stores: Stores,
    pub notebook: Notebook,
    pub gate: Arc<Gated>,
    pub engine: Engine,
    pub events: mpsc::Receiver<Published>,
    _folder: TempDir,
}

pub struct Engine {
    pub ingestion: Arc<Ingestion>,
    pub running: JoinHandle<()>,
    pub shutdown: CancellationToken,
}

pub const UNLIMITED: usize = Semaphore::MAX_PERMITS;

impl Rig {
    /// Lets the embedder process `batches`.
    pub async fn start(batches: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stores = stores::open_embedded(folder.path(), Arc::new(SystemClock)).await.unwrap();
        let notebook = notebook(&stores).await;
        let gate = Arc::new(Gated(Semaphore::new(batches)));
        let (fan_out, events) = LocalFanOut::new();
        let engine = Engine::start(&stores, &gate, fan_out);
        Self { stores, notebook, gate, engine, events, _folder: folder }
    }

    pub async fn stop(&mut self) {
        self.engine.shutdown.cancel();
        (&mut self.engine.running).await.unwrap();
    }

    /// Another engine on the same store, after the first has ended.
    pub fn restart(&mut self) {
        let (fan_out, events) = LocalFanOut::new();
        (self.engine, self.events) = (Engine::start(&self.stores, &self.gate, fan_out), events);
    }

    pub async fn add(&self, name: &str, format: Format, bytes: &[u8]) -> Source {
        let source = source(&self.notebook, name, format, Origin::Upload);
        self.stores.blobs.put(&source.latest.blob_key, Bytes::copy_from_slice(bytes)).await.unwrap();
        self.queue(source).await
    }

    pub async fn queue(&self, source: Source) -> Source {
        self.stores.sources.create(&source).await.unwrap();
        self.engine.ingestion.nudge();
        source
    }

    /// The next state of the source that is published to the notebook.
    pub async fn next_state(&mut self) -> Source {
        loop {
            if let Published::Event(room, Event::SourceStatus { source }) = self.events.recv().await.unwrap() {
                assert_eq!(room, Room::Notebook(self.notebook.id));
                return source;
            }
        }
    }

    pub async fn ended(&mut self) -> Source {
        loop {
            let source = self.next_state().await;
            if matches!(source.latest.state, IngestState::Ready | IngestState::Failed(_)) {
                return source;
            }
        }
    }

    /// Expects the notification of the failure next, as it is stored.
    pub async fn told_of_failure(&mut self, source: &Source, failure: &IngestFailure) {
        let Published::Event(room, Event::NotificationNew { notification }) = self.events.recv().await.unwrap() else {
            panic!("the one who added it is told")
        };
        assert_eq!(room, Room::User(source.created_by));
        let about = About::SourceFailed {
            notebook_id: self.notebook.id,
            source_name: source.name.clone(),
            message: failure.message.clone(),
        };
        assert_eq!(notification.about, about);
        let stored = self
            .stores
            .notifications
            .list_page(source.created_by, false, &Window { limit: 10, ..Window::WHOLE })
            .await
            .unwrap();
        assert_eq!(stored.into_iter().map(|stored| stored.id).collect::<Vec<_>>(), [notification.id]);
    }

    pub async fn embedding(&mut self) {
        while !matches!(self.next_state().await.latest.state, IngestState::Embed { .. }) {}
    }

    pub async fn has_blob(&self, source: &Source) -> bool {
        self.stores.blobs.get(&source.latest.blob_key).await.unwrap().is_some()
    }
}

impl Engine {
    fn start(stores: &Stores, gate: &Arc<Gated>, fan_out: LocalFanOut) -> Self {
        Self::start_at(Arc::new(SystemClock), stores, gate, fan_out)
    }

    pub fn start_at(clock: Arc<dyn Clock>, stores: &Stores, gate: &Arc<Gated>, fan_out: LocalFanOut) -> Self {
        let config = ExtractionConfig { fetch_allow_private: true, ..config() };
        let ingestion = Arc::new(
            Ingestion::new(IngestionParts {
                stores: stores.clone(),
                fan_out: Arc::new(fan_out),
                embedder: gate.clone(),
                clock,
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

pub async fn notebook(stores: &Stores) -> Notebook {
    let now = SystemClock.now();
    let user = User::new(Email::parse("ada@example.org").unwrap(), Name::parse("Ada").unwrap(), now);
    stores.users.create(&user, &"$argon2id$".into()).await.unwrap();
    let notebook = Notebook {
        id: NotebookId::new(),
        title: Title::parse("Rivers").unwrap(),
        join_code: None,
        created_by: user.id,
        created_at: now,
        updated_at: now,
    };
    stores.notebooks.create(&notebook).await.unwrap();
    notebook
}

pub fn source(notebook: &Notebook, name: &str, format: Format, origin: Origin) -> Source {
    let (id, now) = (SourceId::new(), SystemClock.now());
    let version = SourceVersion::queued(1, format, 0, Blobs::source_key(notebook.id, id, 1), now);
    Source { origin, ..Source::uploaded(id, notebook.id, notebook.created_by, name.to_owned(), version) }
}
