//! What is counted, as it is scraped.

use collabry_shared::ids::NotebookId;
use reqwest::Method;
use serde_json::json;

use crate::generations::provider;
use crate::support::{Polling, Scrape, Socket, TestApp, eventually};

#[tokio::test]
async fn requests_are_counted_by_template_and_never_by_path() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    for _ in 0..3 {
        ada.get(&format!("/api/notebooks/{}", NotebookId::new())).await.problem(404, "not_found");
    }
    for path in ["/api/nothing", "/api/x/y/z"] {
        app.get(path).await.problem(404, "not_found");
    }
    let odd = Method::from_bytes(b"BREW").unwrap();
    app.request(odd, "/api/notebooks").send().await.unwrap();
    app.request(Method::GET, "/assets/none.js").send().await.unwrap();
    let scrape = Scrape::of(&app).await;
    let answered = |endpoint: &str, method: &str, status: u16| {
        let labels = format!(r#"service="api",endpoint="{endpoint}",method="{method}",status_code="{status}""#);
        let count = scrape.value(&format!("http_requests_total{{{labels}}}"));
        assert_eq!(count, scrape.value(&format!("http_request_duration_seconds_count{{{labels}}}")));
        count
    };
    assert_eq!(answered("/api/notebooks/{notebookId}", "GET", 404), 3);
    assert_eq!(answered("/api/auth/register", "POST", 201), 1);
    assert_eq!(answered("unmatched", "GET", 404), 2);
    assert_eq!(answered("/api/notebooks", "other", 405), 1);
    assert_eq!(answered("files", "GET", 404), 1);
    assert_eq!(scrape.value(r#"http_requests_running{service="api"}"#), 0);
    assert!(scrape.value("process_resident_memory_bytes") > 0);
}

#[tokio::test]
async fn sockets_rooms_and_events_are_counted() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    let mut socket = Socket::connect(&app, &ada.token).await;
    socket.join(&conversation).await;
    let _polling = Polling::connect(&app, &ada.token).await;
    ada.say(&conversation, "Hello", json!({ "ask": false })).await;
    socket.hear("message:new").await;
    let scrape = Scrape::of(&app).await;
    assert_eq!(scrape.value(r#"collabry_sockets{transport="websocket"}"#), 1);
    assert_eq!(scrape.value(r#"collabry_sockets{transport="polling"}"#), 1);
    assert_eq!(scrape.value(r#"collabry_rooms{kind="conversation"}"#), 1);
    let joins = r#"collabry_socket_event_duration_seconds_count{event="conversation:join",outcome="ok"}"#;
    assert_eq!(scrape.value(joins), 1);
    assert_eq!(scrape.value(r#"collabry_socket_emits_total{event="message:new"}"#), 1);
    drop(socket);
    eventually("the socket is gone", async || {
        let scrape = Scrape::of(&app).await;
        (scrape.value(r#"collabry_sockets{transport="websocket"}"#) == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn decisions_of_limits_are_counted() {
    let app = TestApp::start_with(|config| {
        let twice =
            collabry_shared::limits::Quota { count: 2.try_into().unwrap(), window: std::time::Duration::from_mins(15) };
        config.api.limits.api = Some(twice);
    })
    .await;
    let ada = app.register("ada").await;
    for status in [200, 200, 429] {
        assert_eq!(ada.get("/api/notebooks").await.status, status);
    }
    let scrape = Scrape::of(&app).await;
    let decided = |rule: &str, decision: &str| {
        scrape.value(&format!(r#"collabry_limit_decisions_total{{rule="{rule}",decision="{decision}"}}"#))
    };
    assert_eq!((decided("api", "allowed"), decided("api", "refused")), (2, 1));
    assert_eq!(decided("anonymous", "allowed"), 1, "registering");
}

#[tokio::test]
async fn answers_are_counted_by_model_and_models_are_bounded() {
    let app = TestApp::start_with(provider().await).await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    ada.get("/api/models").await.ok(200);
    for model in ["ollama/scripted:tokens=5", "ollama/one-of-millions", "made-up/model"] {
        ada.ask(&conversation, "Count.", json!({ "model": model })).await;
    }
    ada.ask(&conversation, "Why?", json!({})).await;
    let scrape = Scrape::of(&app).await;
    let ended = |model: &str, state: &str| {
        scrape.value(&format!(r#"collabry_engine_generations_total{{model="{model}",state="{state}"}}"#))
    };
    assert_eq!(ended("builtin/extractive", "done"), 1);
    assert_eq!(ended("unknown", "failed"), 1);
    for (kind, count) in [("prompt", 7), ("answer", 5)] {
        let tokens = format!(r#"collabry_engine_tokens_total{{model="ollama/other",kind="{kind}"}}"#);
        assert!(scrape.value(&tokens) >= count, "{kind}");
    }
    assert!(ended("ollama/other", "done") + ended("ollama/other", "failed") >= 1);
    assert!(scrape.series("collabry_engine_").iter().all(|series| !series.contains("millions")));
    let waited = scrape.value(r#"collabry_engine_first_text_seconds_count{model="builtin/extractive"}"#);
    assert_eq!(waited, 1);
    assert_eq!(scrape.value("collabry_streams"), 0, "every stream has ended");
}

#[tokio::test]
async fn sources_and_searches_are_counted() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Biology").await;
    ada.ready_source(&notebook, "Leaves.md", "Leaves are green because of chlorophyll.").await;
    ada.post(&format!("/api/notebooks/{notebook}/search"), json!({ "query": "green" })).await.ok(200);
    let scrape = Scrape::of(&app).await;
    for step in ["all", "embed", "load", "rank"] {
        assert_eq!(scrape.value(&format!(r#"collabry_engine_search_step_seconds_count{{step="{step}"}}"#)), 1);
    }
    assert_eq!(scrape.value("collabry_engine_segments_loaded_total"), 1);
    assert_eq!(scrape.value(r#"collabry_engine_ingestions_total{outcome="ready"}"#), 1);
    assert_eq!(scrape.value("collabry_engine_ingest_queue"), 0);
    assert!(!scrape.series("collabry_sqlite_connections{").is_empty());
}
