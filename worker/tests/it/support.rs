//! What the tests share: stores of their own, things to store, and a worker over them.

use std::sync::Arc;
use std::time::Duration;

use collabry_shared::auth::{Email, Name, User};
use collabry_shared::clock::{Clock, ManualClock};
use collabry_shared::config::{Config, WorkerConfig};
use collabry_shared::conversations::Conversation;
use collabry_shared::generations::{Generation, GenerationState};
use collabry_shared::ids::{ConversationId, GenerationId, MessageId, NotebookId, SourceId};
use collabry_shared::jobs::{JobName, Run, RunState};
use collabry_shared::models::ModelId;
use collabry_shared::notebooks::{Notebook, Title};
use collabry_shared::realtime::{LocalFanOut, Published};
use collabry_shared::sources::{Format, Source, SourceVersion};
use collabry_shared::storage::Blobs;
use collabry_shared::stores::{self, Stores};
use collabry_worker::{Worker, WorkerParts};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Long enough for any machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_mins(2);

/// Asks again and again until `look` finds something.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("never: {what}"))
}

/// Stores in a folder, and the time.
pub struct World {
    pub stores: Stores,
    pub clock: ManualClock,
    pub published: mpsc::Receiver<Published>,
    pub user: User,
    fan_out: LocalFanOut,
    _folder: TempDir,
}

/// A worker of its own; dropping it ends it.
pub struct Running {
    pub shutdown: CancellationToken,
    pub ended: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    pub fn start(worker: Worker) -> Self {
        let shutdown = CancellationToken::new();
        let ended = tokio::spawn(worker.run(shutdown.clone()));
        Self { shutdown, ended }
    }

    /// Drains.
    pub async fn stop(self) {
        self.shutdown.cancel();
        self.ended.await.unwrap().unwrap();
    }
}

impl World {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap());
        let stores = stores::open_embedded(folder.path(), Arc::new(clock.clone())).await.unwrap();
        let (fan_out, published) = LocalFanOut::new();
        let user = User::new(Email::parse("ada@example.org").unwrap(), Name::parse("Ada").unwrap(), clock.now());
        stores.users.create(&user, &"$argon2id$".into()).await.unwrap();
        Self { stores, clock, published, user, fan_out, _folder: folder }
    }

    /// A question that waits for an engine, not stored.
    pub fn question(&self, conversation: &Conversation, question_id: MessageId) -> Generation {
        Generation {
            id: GenerationId::new(),
            notebook_id: conversation.notebook_id,
            conversation_id: conversation.id,
            question_id,
            answer_id: MessageId::new(),
            model: ModelId::extractive(),
            source_ids: None,
            supersedes: None,
            requested_by: self.user.id,
            state: GenerationState::Queued,
            failure: None,
            cut_off: None,
            created_at: self.now(),
            finished_at: None,
            last_event_id: None,
            text_length: None,
            layout: None,
            trace: None,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// The built-in jobs, with the default configuration.
    pub fn worker(&self) -> Worker {
        self.worker_with(Config::from_lookup(|_| None).unwrap().worker)
    }

    pub fn worker_with(&self, config: WorkerConfig) -> Worker {
        Worker::build(WorkerParts {
            config,
            settings: Vec::new(),
            drain: PATIENCE,
            stores: self.stores.clone(),
            fan_out: Arc::new(self.fan_out.clone()),
            clock: Arc::new(self.clock.clone()),
            ends_generations: true,
        })
    }

    /// Asks for a run of a job that a worker runs, and waits for its end.
    pub async fn run(&self, job: &str) -> Run {
        let job: JobName = job.parse().unwrap();
        eventually("a worker declares the job", async || self.stores.jobs.get(&job).await.unwrap()).await;
        let run = self.stores.jobs.request(&job, Some(self.user.id), self.now()).await.unwrap();
        eventually("the run ends", async || {
            let runs = self.stores.jobs.runs(&job, 10).await.unwrap();
            let ended = runs.into_iter().find(|one| one.slot == run.slot).unwrap();
            matches!(ended.state, RunState::Done | RunState::Failed).then_some(ended)
        })
        .await
    }

    /// Runs a built-in job once on a worker of its own.
    pub async fn run_built_in(&self, job: &str) {
        let worker = Running::start(self.worker());
        let run = self.run(job).await;
        assert_eq!((run.state, run.error), (RunState::Done, None));
        worker.stop().await;
    }

    /// What was published so far.
    pub fn heard(&mut self) -> Vec<Published> {
        let mut heard = Vec::new();
        while let Ok(one) = self.published.try_recv() {
            heard.push(one);
        }
        heard
    }

    pub async fn notebook(&self) -> Notebook {
        let notebook = Notebook {
            id: NotebookId::new(),
            title: Title::parse("Rivers").unwrap(),
            join_code: None,
            created_by: self.user.id,
            created_at: self.now(),
            updated_at: self.now(),
        };
        self.stores.notebooks.create(&notebook).await.unwrap();
        notebook
    }

    /// A queued source with its file.
    pub async fn source(&self, notebook: &Notebook) -> Source {
        let (id, now) = (SourceId::new(), self.now());
        let version = SourceVersion::queued(1, Format::Text, 10, Blobs::source_key(notebook.id, id, 1), now);
        let source = Source::uploaded(id, notebook.id, self.user.id, "rivers.txt".to_owned(), version);
        self.stores.blobs.put(&source.latest.blob_key, "They flow.".into()).await.unwrap();
        self.stores.sources.create(&source).await.unwrap();
        source
    }

    pub async fn has_file(&self, source: &Source) -> bool {
        self.stores.blobs.get(&source.latest.blob_key).await.unwrap().is_some()
    }

    pub async fn conversation(&self, notebook: &Notebook) -> Conversation {
        let conversation = Conversation {
            id: ConversationId::new(),
            notebook_id: notebook.id,
            title: None,
            model: None,
            created_by: self.user.id,
            created_at: self.now(),
            last_message_at: self.now(),
            head: 0,
        };
        self.stores.conversations.create(&conversation).await.unwrap();
        conversation
    }
}
