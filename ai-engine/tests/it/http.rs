//! Engines behind their HTTP interface, called by the client that the api uses.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use collabry_ai_engine::Engine;
use collabry_ai_engine::http::Server;
use collabry_shared::clock::Clock;
use collabry_shared::engine::{AiEngine as _, EngineClient, EngineError, SearchRequest, wire};
use collabry_shared::generations::{Generation, GenerationState};
use collabry_shared::health::metrics;
use collabry_shared::ids::{GenerationId, NotebookId};
use collabry_shared::sources::{Format, IngestState, SegmentId};
use collabry_shared::stores::Stores;
use jiff::SignedDuration;
use reqwest::{Method, Response, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use crate::world::{World, first, hangs, is_delta, says};

const SECRET: &str = "a secret that is only used in tests";
const SCRIPTED: &str = "openai/scripted";

/// An engine on the world's data folder, in a runtime of its own, so that it can die like a process.
struct Process {
    address: SocketAddr,
    shutdown: CancellationToken,
    runtime: Option<Runtime>,
}

impl Process {
    async fn start(world: &World, concurrent: usize) -> Self {
        Self::start_at(world, concurrent, ([127, 0, 0, 1], 0).into()).await
    }

    async fn start_at(world: &World, concurrent: usize, bind: SocketAddr) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let shutdown = CancellationToken::new();
        let starting = {
            let (world, shutdown) = (world.outside(), shutdown.clone());
            runtime.spawn(async move {
                let listener = TcpListener::bind(bind).await.unwrap();
                let address = listener.local_addr().unwrap();
                let engine = Arc::new(Engine::build(world.parts(concurrent).await).unwrap());
                let server = Server::new(engine, SecretString::from(SECRET), shutdown, metrics::registry("ai-engine"));
                tokio::spawn(async move { server.run(listener).await.unwrap() });
                address
            })
        };
        Self { address: starting.await.unwrap(), shutdown, runtime: Some(runtime) }
    }

    /// Kills it in the middle of its work.
    async fn kill(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
        while TcpStream::connect(self.address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn ask(&self, method: Method, path: &str, secret: &str, body: &str) -> Response {
        let client = collabry_shared::http::client().no_proxy().build().unwrap();
        let request = client.request(method, format!("http://{}{path}", self.address));
        let request = request.header("content-type", "application/json").body(body.to_owned());
        if secret.is_empty() { request } else { request.bearer_auth(secret) }.send().await.unwrap()
    }

    /// A value of `/metrics`.
    async fn metric(&self, name: &str) -> String {
        let text = self.ask(Method::GET, "/metrics", SECRET, "").await.text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn client(world: &World, engines: &[&Process]) -> EngineClient {
    let urls: Vec<_> = engines.iter().map(|one| format!("http://{}", one.address).parse().unwrap()).collect();
    let clock: Arc<dyn Clock> = Arc::new(world.clock.clone());
    EngineClient::new(&urls, &SecretString::from(SECRET), &clock).unwrap()
}

async fn problem(response: Response, status: u16, code: &str) {
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.status(), status);
    let problem: Value = response.json().await.unwrap();
    assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(status)), "{problem}");
}

async fn end_of(stores: &Stores, generation: &Generation) -> GenerationState {
    loop {
        let state = stores.generations.get(generation.id).await.unwrap().unwrap().state;
        if state.is_final() {
            return state;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_services_that_know_the_secret_are_answered() {
    let world = World::new().await;
    let engine = Process::start(&world, 1).await;
    let start = json!({ "id": GenerationId::new() }).to_string();
    for (method, path) in [
        (Method::POST, wire::SEARCH),
        (Method::POST, wire::GENERATIONS),
        (Method::GET, wire::MODELS),
        (Method::POST, wire::SOURCES_CHANGED),
        (Method::GET, "/metrics"),
        (Method::GET, "/v2/anything"),
    ] {
        for wrong in ["", "x", &SECRET[1..], "another secret that is used in tests"] {
            problem(engine.ask(method.clone(), path, wrong, &start).await, 401, "unauthorized").await;
        }
    }
    assert_eq!(engine.ask(Method::POST, wire::GENERATIONS, SECRET, &start).await.status(), StatusCode::ACCEPTED);
    assert_eq!(engine.ask(Method::GET, "/health", "", "").await.status(), StatusCode::OK);
    let ready: Value = engine.ask(Method::GET, "/ready", "", "").await.json().await.unwrap();
    assert_eq!((&ready["ready"], &ready["dependencies"][0]["name"]), (&json!(true), &json!("database")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_understood_is_refused() {
    let world = World::new().await;
    let engine = Process::start(&world, 1).await;
    let ask = async |method, path, body: &str| engine.ask(method, path, SECRET, body).await;
    problem(ask(Method::GET, "/v1/nothing", "").await, 404, "not_found").await;
    problem(ask(Method::GET, wire::SEARCH, "").await, 405, "request_invalid").await;
    problem(ask(Method::POST, wire::SEARCH, "{").await, 400, "request_invalid").await;
    problem(ask(Method::POST, wire::GENERATIONS, r#"{"id":"x"}"#).await, 422, "request_invalid").await;
    problem(ask(Method::POST, "/v1/generations/x/stop", "").await, 400, "request_invalid").await;
    let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(1024 * 1024));
    problem(ask(Method::POST, wire::GENERATIONS, &long).await, 413, "request_invalid").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_taken_in_by_one_engine_and_found_by_any() {
    let (world, stores) = World::without_sources().await;
    let engines = [Process::start(&world, 1).await, Process::start(&world, 1).await];
    let both = client(&world, &[&engines[0], &engines[1]]);
    let mut source = world.source();
    source.latest.format = Format::Text;
    let text = Bytes::from_static(b"The human heart has four chambers. Plants turn light into sugar.");
    stores.blobs.put(&source.latest.blob_key, text).await.unwrap();
    stores.sources.create(&source).await.unwrap();
    both.sources_changed().await;
    while stores.sources.get(source.notebook_id, source.id).await.unwrap().unwrap().latest.state != IngestState::Ready {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for engine in &engines {
        let request = SearchRequest {
            notebook_id: source.notebook_id,
            segments: vec![SegmentId { source_id: source.id, version: 1 }],
            query: "How many chambers has the heart?".to_owned(),
            limit: 3,
        };
        let hits = client(&world, &[engine]).search(&request).await.unwrap();
        assert!(hits[0].text.contains("four chambers"), "{hits:?}");
        assert_ne!(engine.metric("collabry_engine_segments_bytes").await, "0");
        assert_eq!(engine.metric(r#"collabry_engine_searches_total{outcome="answered"}"#).await, "1");
    }
    let providers: Vec<_> = both.models().await.unwrap().into_iter().map(|one| (one.provider, one.healthy)).collect();
    assert_eq!(providers, [("builtin".to_owned(), true), ("openai".to_owned(), true)]);
}

async fn search(client: &EngineClient, notebook_id: NotebookId) -> Result<(), EngineError> {
    let request = SearchRequest { notebook_id, segments: Vec::new(), query: "heart".to_owned(), limit: 1 };
    client.search(&request).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_when_an_engine_dies_and_come_back_to_it() {
    let world = World::new().await;
    let stores = world.outside().stores().await;
    let mut dead = Process::start(&world, 4).await;
    let alive = Process::start(&world, 4).await;
    let both = client(&world, &[&dead, &alive]);
    let open = || both.breakers().map(|(_, open)| open).collect::<Vec<_>>();
    dead.kill().await;
    for _ in 0..20 {
        search(&both, NotebookId::new()).await.unwrap();
    }
    assert_eq!(open(), [true, false], "it is left alone");
    world.scripted.script([says("Four [1].")]);
    let generation = world.ask(&stores, "How many chambers?", SCRIPTED).await;
    both.start_generation(generation.notebook_id, generation.id).await.unwrap();
    assert_eq!(end_of(&stores, &generation).await, GenerationState::Done);

    let ready = both.ready().await;
    let named = |process: &Process| {
        let name = format!("ai-engine {}", process.address);
        ready.iter().find(|one| one.name == name).unwrap()
    };
    assert_eq!(named(&dead).problem.as_deref(), Some("no connection"));
    assert!(named(&alive).ready && !named(&dead).ready && !named(&dead).required);

    let again = Process::start_at(&world, 4, dead.address).await;
    let answered = async || {
        let text = again.ask(Method::GET, "/metrics", SECRET, "").await.text().await.unwrap();
        text.contains("collabry_engine_searches_total{")
    };
    for _ in 0..20 {
        search(&both, NotebookId::new()).await.unwrap();
    }
    assert!(open()[0] && !answered().await, "nobody has tried it yet");
    world.clock.advance(SignedDuration::from_secs(60));
    for _ in 0..20 {
        search(&both, NotebookId::new()).await.unwrap();
    }
    assert!(!open()[0] && answered().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_engine_is_skipped_and_says_when_to_come_back() {
    let world = World::new().await;
    let stores = world.outside().stores().await;
    let engines = [Process::start(&world, 1).await, Process::start(&world, 1).await];
    let both = client(&world, &[&engines[0], &engines[1]]);
    world.scripted.script(vec![hangs(); 9]);
    // Each engine writes one answer and lets two wait.
    for _ in 0..6 {
        let generation = world.ask(&stores, "Why?", SCRIPTED).await;
        both.start_generation(generation.notebook_id, generation.id).await.unwrap();
    }
    for engine in &engines {
        while engine.metric("collabry_engine_generations_writing").await != "1" {}
        assert_eq!(engine.metric("collabry_engine_generations_waiting").await, "2");
    }
    let refused = world.ask(&stores, "Why?", SCRIPTED).await;
    let answer = both.start_generation(refused.notebook_id, refused.id).await;
    assert!(matches!(answer, Err(EngineError::Busy)));
    assert!(both.breakers().all(|(_, open)| !open), "to be full is no failure");
    let start = json!({ "id": refused.id }).to_string();
    let response = engines[0].ask(Method::POST, wire::GENERATIONS, SECRET, &start).await;
    assert_eq!(response.headers()["retry-after"], "1");
    problem(response, 503, "engine_busy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_runs_it_stops_it() {
    let world = World::new().await;
    let stores = world.outside().stores().await;
    let engines = [Process::start(&world, 4).await, Process::start(&world, 4).await];
    world.scripted.script(vec![hangs(); 2]);
    let both = client(&world, &[&engines[0], &engines[1]]);
    for engine in &engines {
        let generation = world.ask(&stores, "Why?", SCRIPTED).await;
        client(&world, &[engine]).start_generation(generation.notebook_id, generation.id).await.unwrap();
        first(&stores, &generation, is_delta).await;
        assert!(both.stop_generation(generation.id).await.unwrap());
        assert_eq!(end_of(&stores, &generation).await, GenerationState::Stopped);
        assert!(!both.stop_generation(generation.id).await.unwrap(), "it is over");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draining_engine_takes_nothing_new_and_can_still_be_told_to_stop() {
    let world = World::new().await;
    let stores = world.outside().stores().await;
    let (draining, other) = (Process::start(&world, 4).await, Process::start(&world, 4).await);
    world.scripted.script([hangs()]);
    let running = world.ask(&stores, "Why?", SCRIPTED).await;
    client(&world, &[&draining]).start_generation(running.notebook_id, running.id).await.unwrap();
    first(&stores, &running, is_delta).await;
    draining.shutdown.cancel();
    let ready: Value = draining.ask(Method::GET, "/ready", "", "").await.json().await.unwrap();
    assert_eq!((&ready["ready"], &ready["draining"]), (&json!(false), &json!(true)));
    let start = json!({ "id": GenerationId::new() }).to_string();
    // The runner notices the shutdown a moment after the token is cancelled.
    while draining.ask(Method::POST, wire::GENERATIONS, SECRET, &start).await.status() != 503 {}
    let both = client(&world, &[&draining, &other]);
    assert!(both.stop_generation(running.id).await.unwrap());
    assert_eq!(end_of(&stores, &running).await, GenerationState::Stopped);
}
