//! Ending well.

use std::time::Duration;

use scripted_provider::Provider;
use serde_json::json;
use tokio::time::timeout;

use crate::support::{PATIENCE, Raw, SseReader, TestApp, eventually};

/// Nobody would wait for it: what ends before it has ended by itself.
const DRAIN: Duration = Duration::from_hours(1);

async fn with_provider(drain: Duration) -> TestApp {
    let address = Provider::default().start().await.unwrap();
    TestApp::start_with(|config| {
        config.api.drain = drain;
        config.engine.providers.ollama_url = Some(format!("http://{address}").parse().unwrap());
    })
    .await
}

async fn ended(mut app: TestApp) {
    let running = app.running.take().unwrap();
    timeout(PATIENCE, running).await.expect("it ends").unwrap().unwrap();
}

#[tokio::test]
async fn an_idle_api_ends_at_once() {
    let app = with_provider(DRAIN).await;
    app.get("/health").await.ok(200);
    app.shutdown.cancel();
    ended(app).await;
}

#[tokio::test]
async fn streams_end_cleanly_and_running_requests_finish() {
    let app = with_provider(DRAIN).await;
    {
        let ada = app.register("ada").await;
        let notebook = ada.notebook("Biology").await;
        let conversation = ada.conversation(&notebook).await;
        let model = json!({ "model": "ollama/scripted:tokens=9,after=3,end=hang" });
        let question = ada.say(&conversation, "Count.", model).await;
        let mut stream: SseReader = ada.watch(question["generationId"].as_str().unwrap(), "").await;
        assert_eq!(timeout(PATIENCE, stream.next()).await.unwrap().unwrap().name, "started");
        let mut upload = Raw::begin_upload(&ada, &format!("/api/notebooks/{notebook}/sources"), "late.txt").await;
        upload.chunk(&vec![b'a'; 1024 * 1024]).await.unwrap();
        eventually("it is being stored", async || (!app.blobs().is_empty()).then_some(())).await;
        app.shutdown.cancel();
        // A connection that breaks off would panic here.
        let rest = timeout(PATIENCE, stream.rest()).await.expect("the stream ends");
        assert!(rest.iter().all(|event| event.name != "failed"), "{rest:?}");
        let answer = timeout(PATIENCE, upload.finish_upload()).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
    ended(app).await;
}

#[tokio::test]
async fn a_request_that_never_finishes_is_given_up() {
    let app = with_provider(Duration::from_secs(1)).await;
    let upload = {
        let ada = app.register("ada").await;
        let notebook = ada.notebook("Biology").await;
        let path = format!("/api/notebooks/{notebook}/sources");
        let mut upload = Raw::begin_upload(&ada, &path, "endless.txt").await;
        upload.chunk(&vec![b'a'; 1024 * 1024]).await.unwrap();
        eventually("it is being stored", async || (!app.blobs().is_empty()).then_some(())).await;
        upload
    };
    app.shutdown.cancel();
    ended(app).await;
    drop(upload);
}
