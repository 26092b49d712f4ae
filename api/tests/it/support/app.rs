//! A running api and what is behind it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use collabry_ai_engine::sources::Extractor;
use collabry_ai_engine::{Engine, EngineParts};
use collabry_api::{App, AppParts};
use collabry_shared::clock::{Clock, ManualClock};
use collabry_shared::config::Config;
use collabry_shared::coordination::{self, Coordination, Sockets};
use collabry_shared::engine::{AiEngine, EngineClient};
use collabry_shared::health::{HealthSource, metrics};
use collabry_shared::jobs::BUILT_IN;
use collabry_shared::realtime::FanOut;
use collabry_shared::stores::{self, Stores};
use collabry_worker::{Worker, WorkerParts};
use reqwest::{Client, Method, RequestBuilder};
use secrecy::SecretString;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::contract::{self, Operation};
use super::{Answer, User, eventually};

pub const SECRET: &str = "a secret that is only used in tests";
/// Ending generations is left to the engine in this process, and there is nowhere for backups to go.
const WORKER_JOBS: usize = BUILT_IN.len() - 2;
const START: &str = "2026-03-01T12:00:00Z";

/// What the processes of an installation stand on.
pub struct Ground {
    pub config: Config,
    pub clock: ManualClock,
    pub stores: Stores,
    data: Arc<TempDir>,
}

/// What a replica is given.
pub struct Wiring {
    pub stores: Stores,
    pub engine: Arc<Engine>,
    pub coordination: Coordination,
}

impl Ground {
    /// `change` is applied to the default configuration.
    pub async fn lay(change: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::from_lookup(setting).unwrap();
        config.storage.data_dir = data.path().to_owned();
        config.engine.model_dir = model_dir();
        config.api.web_dir = data.path().join("no-web-client");
        change(&mut config);
        let clock = ManualClock::at(START.parse().unwrap());
        let stores = stores::open_embedded(data.path(), Arc::new(clock.clone())).await.unwrap();
        Self { config, clock, stores, data: Arc::new(data) }
    }

    /// What one process has: of MongoDB, a connection of its own.
    pub async fn process(&self, sockets: Sockets) -> (Coordination, Stores) {
        let coordination = coordination::open(&self.config, Arc::new(self.clock.clone()), sockets).await.unwrap();
        let generation_log = Arc::clone(&coordination.generation_log);
        if self.config.storage.mongodb.is_some() {
            let stores = stores::open(&self.config, generation_log, self.clock.now()).await.unwrap();
            return (coordination, stores);
        }
        (coordination, Stores { generation_log, ..self.stores.clone() })
    }

    pub fn engine(&self, stores: Stores, fan_out: Arc<dyn FanOut>) -> Arc<Engine> {
        let engine = Engine::build(EngineParts {
            extractor: Extractor::new(extract_program(), self.config.engine.extraction.clone()),
            config: self.config.engine.clone(),
            stores,
            fan_out,
            clock: Arc::new(self.clock.clone()),
        });
        Arc::new(engine.unwrap())
    }
}

/// Dropping it ends it.
pub struct TestApp {
    pub address: SocketAddr,
    pub clock: ManualClock,
    pub stores: Stores,
    pub operations: Vec<Operation>,
    pub document: Value,
    pub shutdown: CancellationToken,
    pub running: Option<JoinHandle<std::io::Result<()>>>,
    pub health: Arc<dyn HealthSource>,
    fan_out: Arc<dyn FanOut>,
    http: Client,
    data: Arc<TempDir>,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// `change` is applied to the default configuration.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::on(&Ground::lay(change).await).await
    }

    /// The only process on the given ground.
    pub async fn on(ground: &Ground) -> Self {
        let (coordination, stores) = ground.process(Sockets::Here).await;
        let engine = ground.engine(stores.clone(), Arc::clone(&coordination.fan_out));
        let app = Self::serve(ground, Wiring { stores, engine: Arc::clone(&engine), coordination }).await;
        let shutdown = app.shutdown.clone();
        tokio::spawn(async move { engine.run(shutdown).await.unwrap() });
        app
    }

    /// A replica on the given ground.
    pub async fn serve(ground: &Ground, Wiring { stores, engine, coordination }: Wiring) -> Self {
        let clock = ground.clock.clone();
        let mut registry = metrics::registry("api");
        coordination.register(&mut registry);
        stores.register(&mut registry);
        engine.register(&mut registry);
        let asked: Arc<dyn AiEngine> = match ground.config.services.engines.as_slice() {
            [] => engine,
            elsewhere => {
                let clock: Arc<dyn Clock> = Arc::new(clock.clone());
                Arc::new(EngineClient::new(elsewhere, &SecretString::from(SECRET), &clock).unwrap())
            }
        };
        let fan_out = Arc::clone(&coordination.fan_out);
        let app = App::build(AppParts {
            config: ground.config.api.clone(),
            jwt_secret: SecretString::from(SECRET),
            default_model: ground.config.engine.default_model.clone(),
            engine: asked,
            coordination,
            stores: stores.clone(),
            clock: Arc::new(clock.clone()),
            registry,
        });
        let health = app.health();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(app.run(listener, shutdown.clone()));
        let http = client();
        let document = http.get(format!("http://{address}/api/openapi.json")).send().await.unwrap();
        let document: Value = document.json().await.unwrap();
        let operations = contract::operations(&document);
        let data = Arc::clone(&ground.data);
        Self {
            address,
            clock,
            stores,
            operations,
            document,
            shutdown,
            running: Some(running),
            health,
            fan_out,
            http,
            data,
        }
    }

    /// Starts a worker beside it, which keeps nothing that was deleted.
    pub fn work(&self) {
        let config = Config::from_lookup(|name| (name == "COLLABRY_RETENTION_DAYS").then(|| "0".to_owned())).unwrap();
        let worker = Worker::build(WorkerParts {
            settings: Vec::new(),
            config: config.worker,
            drain: config.api.drain,
            stores: self.stores.clone(),
            fan_out: Arc::clone(&self.fan_out),
            clock: Arc::new(self.clock.clone()),
            ends_generations: false,
        });
        tokio::spawn(worker.run(self.shutdown.clone()));
    }

    /// The jobs as `admin` sees them, once a worker that was just started has declared them all.
    pub async fn jobs(&self, admin: &User<'_>) -> Vec<Value> {
        self.work();
        eventually("the worker declares its jobs", async || {
            let jobs = admin.get("/api/admin/jobs").await.ok(200)["jobs"].as_array().unwrap().clone();
            (jobs.len() == WORKER_JOBS).then_some(jobs)
        })
        .await
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    /// Sends a request and holds the answer against the documentation.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let (method, path) = (request.method().to_string(), request.url().path().to_owned());
        let answer = Answer::of(self.http.execute(request).await.unwrap()).await;
        contract::check(&self.document, &self.operations, &method, &path, &answer);
        answer
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// A new account, signed in; its address is `name@example.org`.
    pub async fn register(&self, name: &str) -> User<'_> {
        User::register(self, name).await
    }

    /// As `register`, and made an admin as the command line does it.
    pub async fn register_admin(&self, name: &str) -> User<'_> {
        let user = self.register(name).await;
        let made = self.stores.users.set_admin(user.id.parse().unwrap(), true, self.clock.now()).await.unwrap();
        assert!(made);
        user
    }

    /// Files in the blob store, unfinished ones too.
    pub fn blobs(&self) -> Vec<PathBuf> {
        files_below(&self.data.path().join("blobs"))
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Limits that no test meets by chance: a standing clock gives nothing back.
fn setting(name: &str) -> Option<String> {
    match name {
        "COLLABRY_THREADS" => Some("1".to_owned()),
        "COLLABRY_ALLOWED_MODELS" => Some("ollama/scripted*".to_owned()),
        limit if limit.starts_with("COLLABRY_LIMIT_") => Some("1000000".to_owned()),
        _ => None,
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for entry in entries.flatten() {
        if entry.path().is_dir() {
            found.extend(files_below(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

/// No redirects, no cookies: the tests see what was sent.
pub fn client() -> Client {
    collabry_shared::http::client().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

/// `COLLABRY_MODEL_DIR`, or the place where `scripts/fetch-model.sh` puts it.
fn model_dir() -> PathBuf {
    let set = std::env::var_os("COLLABRY_MODEL_DIR").map(PathBuf::from);
    set.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../models/all-MiniLM-L6-v2")))
}

/// `examples/extract.rs`, which cargo builds beside the tests.
fn extract_program() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let found = PROGRAM.get_or_init(|| {
        let tests = std::env::current_exe().unwrap();
        tests.parent().unwrap().parent().unwrap().join("examples/extract")
    });
    assert!(found.exists(), "{} is missing: cargo test --release -p collabry-api builds it", found.display());
    found.clone()
}

/// Multipart forms by hand, so that tests can break them.
pub mod multipart {
    pub const TYPE: &str = "multipart/form-data; boundary=the-boundary";
    pub const TAIL: &str = "\r\n--the-boundary--\r\n";

    /// Up to where the bytes of the field go.
    pub fn head(field: &str, name: &str) -> String {
        format!(
            "--the-boundary\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        )
    }

    /// A form with one file.
    pub fn form(field: &str, name: &str, bytes: &[u8]) -> Vec<u8> {
        [head(field, name).as_bytes(), bytes, TAIL.as_bytes()].concat()
    }
}
