//! What generations need: a notebook with a source and a conversation on disk, a scripted model server, a runner.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use collabry_ai_engine::EngineParts;
use collabry_ai_engine::embeddings::{EmbedError, Embedder, Priority};
use collabry_ai_engine::generations::{GenerationParts, Generations};
use collabry_ai_engine::models::{Extractive, Models, RetryPolicy};
use collabry_ai_engine::retrieval::Search;
use collabry_ai_engine::sources::Extractor;
use collabry_shared::auth::{Email, Name, User};
use collabry_shared::clock::{Clock, ManualClock};
use collabry_shared::config::{Config, ProvidersConfig};
use collabry_shared::conversations::{Author, ClientId, Content, Conversation, Message, MessageStatus, NewMessage};
use collabry_shared::engine::{EngineError, SearchHit, SearchRequest};
use collabry_shared::generations::{Generation, GenerationEvent, GenerationState, LoggedEvent, lease};
use collabry_shared::ids::{ConversationId, GenerationId, MessageId, NotebookId, OwnerId, SourceId, UserId};
use collabry_shared::models::{ModelId, ModelPattern};
use collabry_shared::notebooks::{Invitation, InvitationLink, Notebook, Role, Title};
use collabry_shared::realtime::{LocalFanOut, Published};
use collabry_shared::sources::{Format, Source, SourceVersion};
use collabry_shared::stores::{self, Stores};
use jiff::SignedDuration;
use scripted_provider::{Ending, Provider as Scripted, Reply};
use tempfile::TempDir;
use tokio::sync::mpsc;
use url::Url;

use crate::minilm;

/// The first of these passages answers a question about the heart.
pub const PASSAGES: [&str; 3] = [
    "The human heart has four chambers. It pumps blood through the body.",
    "Plants turn light into sugar in their leaves.",
    "The heart beats about seventy times a minute at rest.",
];

/// Long enough for any machine; no test waits for it to elapse.
const PATIENCE: Duration = Duration::from_secs(30);

/// Finds the same passages for every query.
pub struct Found;

#[async_trait]
impl Search for Found {
    async fn search(&self, request: &SearchRequest) -> Result<Vec<SearchHit>, EngineError> {
        let segment = request.segments[0];
        let hit = |(index, text): (u32, &&str)| SearchHit {
            source_id: segment.source_id,
            version: segment.version,
            chunk_index: index,
            page: index + 1,
            start: 0,
            end: text.chars().count() as u64,
            headings: Vec::new(),
            text: (*text).to_owned(),
            score: 1.0,
            similarity: 0.5,
        };
        Ok((0..).zip(&PASSAGES).map(hit).collect())
    }
}

/// The more words texts share, the nearer their vectors.
pub struct Words;

#[async_trait]
impl Embedder for Words {
    fn dimensions(&self) -> usize {
        256
    }

    async fn embed(&self, texts: Vec<String>, _: Priority) -> Result<Vec<Vec<f32>>, EmbedError> {
        let vector = |text: &String| {
            let mut vector = vec![0.0_f32; 256];
            for word in text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 3) {
                let slot = word.bytes().fold(7_usize, |sum, byte| (sum * 31 + usize::from(byte)) % 256);
                vector[slot] += 1.0;
            }
            let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(1.0);
            vector.iter().map(|x| x / length).collect()
        };
        Ok(texts.iter().map(vector).collect())
    }
}

/// A data folder with one conversation, and the server that answers.
pub struct World {
    pub scripted: Scripted,
    pub clock: ManualClock,
    /// Models that may be asked without being listed.
    pub allowed: Vec<ModelPattern>,
    provider: Url,
    folder: TempDir,
    user: UserId,
    notebook: NotebookId,
    conversation: ConversationId,
}

impl World {
    /// With a source that is ready.
    pub async fn new() -> Self {
        let (world, stores) = Self::without_sources().await;
        let source = world.source();
        stores.sources.create(&source).await.unwrap();
        let now = world.clock.now();
        let lease = now + SignedDuration::from_secs(60);
        let claim = stores.ingest_queue.claim(OwnerId::new(), now, lease).await.unwrap().unwrap();
        assert!(stores.ingest_queue.ready(&claim, Some(3), 3, now).await.unwrap());
        world
    }

    pub async fn without_sources() -> (Self, Stores) {
        let scripted = Scripted::default();
        let provider = format!("http://{}/v1", scripted.start().await.unwrap()).parse().unwrap();
        let world = Self {
            scripted,
            clock: ManualClock::at("2026-11-21T08:00:00Z".parse().unwrap()),
            allowed: vec!["openai/*".parse().unwrap()],
            provider,
            folder: tempfile::tempdir().unwrap(),
            user: UserId::new(),
            notebook: NotebookId::new(),
            conversation: ConversationId::new(),
        };
        let stores = open(world.folder.path(), &world.clock).await;
        world.fill(&stores).await;
        (world, stores)
    }

    async fn fill(&self, stores: &Stores) {
        let now = self.clock.now();
        let user = User {
            id: self.user,
            ..User::new(Email::parse("ada@example.org").unwrap(), Name::parse("Ada").unwrap(), now)
        };
        stores.users.create(&user, &"$argon2id$".into()).await.unwrap();
        let notebook = Notebook {
            id: self.notebook,
            title: Title::parse("Biology").unwrap(),
            join_code: None,
            created_by: self.user,
            created_at: now,
            updated_at: now,
        };
        stores.notebooks.create(&notebook).await.unwrap();
        let conversation = Conversation {
            id: self.conversation,
            notebook_id: self.notebook,
            title: None,
            model: None,
            created_by: self.user,
            created_at: now,
            last_message_at: now,
            head: 0,
        };
        stores.conversations.create(&conversation).await.unwrap();
    }

    pub fn source(&self) -> Source {
        let now = self.clock.now();
        let version = SourceVersion::queued(1, Format::Pdf, 1, "body".to_owned(), now);
        Source::uploaded(SourceId::new(), self.notebook, self.user, "Body.pdf".to_owned(), version)
    }

    /// An engine on the data folder, with stores of its own, as in a process of its own.
    pub async fn engine(&self, concurrent: usize) -> Engine {
        self.engine_at(&self.clock, concurrent).await
    }

    /// The same with a clock of its own. A process that lives renews its leases in real time, so a test that moves the
    /// clock of both would have to be quicker than that.
    pub async fn engine_at(&self, clock: &ManualClock, concurrent: usize) -> Engine {
        let config = self.outside().providers();
        let stores = open(self.folder.path(), clock).await;
        let clock: Arc<dyn Clock> = Arc::new(clock.clone());
        let retry = RetryPolicy { first_wait: Duration::from_millis(1), ..RetryPolicy::default() };
        let models = Models::new(&config, Arc::new(Extractive::new(Arc::new(Words))), &clock, retry).unwrap();
        let (fan_out, published) = LocalFanOut::new();
        let parts = GenerationParts {
            stores: stores.clone(),
            search: Arc::new(Found),
            models: Arc::new(models),
            fan_out: Arc::new(fan_out),
            clock,
        };
        Engine { runner: Generations::new(parts, concurrent), stores, published, conversation: self.conversation }
    }

    /// What another process needs.
    pub fn outside(&self) -> Outside {
        let Self { provider, folder, clock, allowed, .. } = self;
        let (provider, folder, clock) = (provider.clone(), folder.path().to_owned(), clock.clone());
        Outside { provider, folder, clock, allowed: allowed.clone() }
    }

    /// Stores a question and queues its answer.
    pub async fn ask(&self, stores: &Stores, question: &str, model: &str) -> Generation {
        self.ask_as(stores, self.user, question, model).await
    }

    /// Queues an answer to a question that is not stored.
    pub async fn request(&self, stores: &Stores, model: &str) -> Generation {
        let generation = self.generation(self.user, model);
        stores.generations.create(&generation).await.unwrap();
        generation
    }

    fn generation(&self, requested_by: UserId, model: &str) -> Generation {
        Generation {
            id: GenerationId::new(),
            notebook_id: self.notebook,
            conversation_id: self.conversation,
            question_id: MessageId::new(),
            answer_id: MessageId::new(),
            model: ModelId::parse(model).unwrap(),
            source_ids: None,
            supersedes: None,
            requested_by,
            state: GenerationState::Queued,
            failure: None,
            cut_off: None,
            created_at: self.clock.now(),
            finished_at: None,
            last_event_id: None,
            text_length: None,
            layout: None,
            trace: None,
        }
    }

    /// [`ask`](Self::ask), by another member.
    pub async fn ask_as(&self, stores: &Stores, user: UserId, question: &str, model: &str) -> Generation {
        let generation = self.generation(user, model);
        let question_id = generation.question_id;
        let message = NewMessage {
            id: question_id,
            conversation_id: self.conversation,
            client_id: ClientId::parse(&question_id.to_string()).unwrap(),
            author: Author::User { user_id: user, name: "Ada".to_owned() },
            content: Content::parse(question).unwrap(),
            citations: Vec::new(),
            status: MessageStatus::Complete,
            failure: None,
            cut_off: None,
            generation_id: Some(generation.id),
            reply_to: None,
            asked: None,
            created_at: self.clock.now(),
        };
        stores.conversations.append(&message).await.unwrap();
        stores.generations.create(&generation).await.unwrap();
        generation
    }

    /// A member besides the user who owns the notebook.
    pub async fn another_owner(&self, stores: &Stores) -> UserId {
        let now = self.clock.now();
        let other = User::new(Email::parse("bob@example.org").unwrap(), Name::parse("Bob").unwrap(), now);
        stores.users.create(&other, &"$argon2id$".into()).await.unwrap();
        let notebook = stores.notebooks.get(self.notebook).await.unwrap().unwrap();
        let invitation = Invitation {
            notebook_id: notebook.id,
            email: other.email.clone(),
            role: Role::Owner,
            invited_by: notebook.created_by,
            created_at: now,
            link: Some(InvitationLink { code_hash: [0; 32], expires_at: now + SignedDuration::from_secs(1) }),
        };
        stores.invitations.invite(&invitation).await.unwrap();
        assert!(stores.invitations.accept_invitation(&invitation, other.id, now).await.unwrap());
        other.id
    }

    /// Lets every lease expire.
    pub fn pass_leases(&self) {
        self.clock.advance(lease::LEASE + SignedDuration::from_secs(1));
    }
}

async fn open(folder: &Path, clock: &ManualClock) -> Stores {
    stores::open_embedded(folder, Arc::new(clock.clone())).await.unwrap()
}

/// The world as another process sees it.
pub struct Outside {
    provider: Url,
    folder: PathBuf,
    clock: ManualClock,
    allowed: Vec<ModelPattern>,
}

impl Outside {
    pub async fn stores(&self) -> Stores {
        open(&self.folder, &self.clock).await
    }

    /// The parts of a whole engine on the data folder.
    pub async fn parts(&self, concurrent: usize) -> EngineParts {
        let mut config = Config::from_lookup(|_| None).unwrap().engine;
        config.model_dir = minilm::folder();
        config.threads = 1;
        config.concurrent_generations = concurrent;
        config.providers = self.providers();
        let (fan_out, _) = LocalFanOut::new();
        EngineParts {
            stores: self.stores().await,
            fan_out: Arc::new(fan_out),
            clock: Arc::new(self.clock.clone()),
            extractor: Extractor::new(env!("CARGO_BIN_EXE_collabry-ai-engine").into(), config.extraction.clone()),
            config,
        }
    }

    fn providers(&self) -> ProvidersConfig {
        ProvidersConfig {
            ollama_url: None,
            openai_url: Some(self.provider.clone()),
            openai_api_key: None,
            openai_key_header: None,
            max_tokens: None,
            anthropic_api_key: None,
            anthropic_url: None,
            allowed: self.allowed.clone(),
            first_token: PATIENCE,
            between_tokens: PATIENCE,
        }
    }
}

/// Waits for an event of a generation that another process runs.
pub async fn first(stores: &Stores, generation: &Generation, is: impl Fn(&GenerationEvent) -> bool) {
    let log = &stores.generation_log;
    while !log.read(generation.id, 0, Duration::ZERO).await.unwrap().iter().any(|logged| is(&logged.event)) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// One engine process.
pub struct Engine {
    pub runner: Generations,
    pub stores: Stores,
    published: mpsc::Receiver<Published>,
    conversation: ConversationId,
}

impl Engine {
    /// The events up to the first for which `until` is true.
    pub async fn events_until(
        &self,
        generation: &Generation,
        until: impl Fn(&GenerationEvent) -> bool,
    ) -> Vec<LoggedEvent> {
        let mut seen: Vec<LoggedEvent> = Vec::new();
        while !seen.last().is_some_and(|last| until(&last.event)) {
            let after = seen.last().map_or(0, |last| last.event_id);
            let more = self.stores.generation_log.read(generation.id, after, PATIENCE).await.unwrap();
            assert!(!more.is_empty(), "nothing came after {seen:?}");
            for event in more {
                seen.push(event);
                if seen.last().is_some_and(|last| until(&last.event)) {
                    break;
                }
            }
        }
        seen
    }

    /// All events, up to the end.
    pub async fn events(&self, generation: &Generation) -> Vec<LoggedEvent> {
        self.events_until(generation, GenerationEvent::is_final).await
    }

    /// Runs a generation to its end.
    pub async fn run(&self, generation: &Generation) -> Vec<LoggedEvent> {
        self.runner.start(generation.id).await.unwrap();
        self.events(generation).await
    }

    pub async fn message(&self, id: MessageId) -> Option<Message> {
        self.stores.conversations.message(self.conversation, id).await.unwrap()
    }

    pub async fn state(&self, generation: &Generation) -> GenerationState {
        self.stores.generations.get(generation.id).await.unwrap().unwrap().state
    }

    /// The published events, once all tasks have ended.
    pub async fn published(&mut self) -> Vec<Published> {
        self.runner.shutdown(PATIENCE).await;
        let mut published = Vec::new();
        while let Ok(one) = self.published.try_recv() {
            published.push(one);
        }
        published
    }
}

/// The text of all deltas.
pub fn text(events: &[LoggedEvent]) -> String {
    let mut all = String::new();
    for logged in events {
        if let GenerationEvent::Delta { text, anew, .. } = &logged.event {
            if *anew {
                all.clear();
            }
            all.push_str(text);
        }
    }
    all
}

/// Whether the event is a delta, whatever its text.
pub fn is_delta(event: &GenerationEvent) -> bool {
    matches!(event, GenerationEvent::Delta { .. })
}

pub fn says(text: &str) -> Reply {
    Reply { text: text.to_owned(), ..Reply::default() }
}

/// Sends one word and then nothing, without an end.
pub fn hangs() -> Reply {
    Reply { end: Ending::Hang, after: Some(1), ..says("Blood moves") }
}

/// Never sends anything.
pub fn silent() -> Reply {
    Reply { end: Ending::Hang, after: Some(0), ..says("") }
}
