//! Health and readiness.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::Router;
use collabry_ai_engine::http::Server;
use collabry_shared::coordination::Sockets;
use collabry_shared::health::metrics;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::support::app::Ground;
use crate::support::{Log, SECRET, Scrape, TestApp, eventually};

#[tokio::test]
async fn a_running_api_is_healthy_and_ready() {
    let app = TestApp::start().await;
    let health = app.get("/health").await.ok(200);
    assert_eq!(health, json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }));
    let ready = app.get("/ready").await.ok(200);
    assert_eq!((&ready["ready"], &ready["draining"]), (&json!(true), &json!(false)));
    let names: Vec<_> = ready["dependencies"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert!(names.starts_with(&[&json!("database"), &json!("blobs")]), "{ready}");
    assert!(ready["dependencies"].as_array().unwrap().iter().all(|one| one["latencyMs"].is_u64()));
}

#[tokio::test]
async fn a_draining_api_is_not_ready_at_once() {
    let app = TestApp::start().await;
    app.shutdown.cancel();
    // Still answered, so that a proxy that asks gets to know.
    let ready = app.get("/ready").await.ok(503);
    assert_eq!((&ready["ready"], &ready["draining"]), (&json!(false), &json!(true)));
}

#[tokio::test]
async fn an_engine_that_is_away_is_named_and_the_chat_goes_on() {
    let away = "127.0.0.1:1";
    let app =
        TestApp::start_with(|config| config.services.engines.push(format!("http://{away}").parse().unwrap())).await;
    let ready = app.get("/ready").await.ok(200);
    let engine = ready["dependencies"].as_array().unwrap().last().unwrap();
    assert_eq!(engine["name"], format!("ai-engine {away}"));
    assert_eq!((&engine["ready"], &engine["required"]), (&json!(false), &json!(false)), "{engine}");
    assert_eq!(engine["problem"], "no connection");
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    let question = ada.say(&conversation, "Does the heart rest?", json!({})).await;
    assert!(question["generationId"].is_string(), "it waits for an engine: {question}");
    ada.get("/api/models").await.problem(503, "busy");
}

#[tokio::test]
async fn a_proxy_that_no_setting_names_is_noted_and_counted() {
    let forwarded = |app: &TestApp| app.request(Method::GET, "/api/models").header("x-forwarded-for", "203.0.113.1");
    let counted = async |app: &TestApp| Scrape::of(app).await.value("collabry_unnamed_proxy_requests_total");
    let app = TestApp::start().await;
    assert_eq!((&app.get("/ready").await.ok(200)["notes"], counted(&app).await), (&Value::Null, 0));
    for _ in 0..2 {
        app.send(forwarded(&app)).await.problem(401, "token_missing");
    }
    let ready = app.get("/ready").await.ok(200);
    let [note] = ready["notes"].as_array().unwrap().as_slice() else { panic!("one note: {ready}") };
    assert_eq!(note["setting"], "COLLABRY_TRUSTED_PROXIES");
    let message = note["message"].as_str().unwrap();
    assert!(message.contains("(2 requests since the start)") && !message.contains(".0."), "no addresses: {message}");
    assert_eq!((&ready["ready"], counted(&app).await), (&json!(true), 2));

    let names_it =
        TestApp::start_with(|config| config.api.limits.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()]);
    let app = names_it.await;
    app.send(forwarded(&app)).await.problem(401, "token_missing");
    assert_eq!((&app.get("/ready").await.ok(200)["notes"], counted(&app).await), (&Value::Null, 0));
}

/// An engine of which only the looks at it are known.
async fn counted_engine() -> (String, Arc<AtomicU64>) {
    let looks = Arc::<AtomicU64>::default();
    let counted = Arc::clone(&looks);
    let router = Router::new().fallback(async move || {
        counted.fetch_add(1, Ordering::Relaxed);
        r#"{ "ready": true, "draining": false, "dependencies": [] }"#
    });
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (format!("http://{address}"), looks)
}

#[tokio::test(flavor = "multi_thread")]
async fn dependencies_are_not_asked_for_each_who_asks() {
    let (engine, looks) = counted_engine().await;
    let app = TestApp::start_with(|config| config.services.engines.push(engine.parse().unwrap())).await;
    let (begun, before) = (Instant::now(), looks.load(Ordering::Relaxed));
    for _ in 0..20 {
        let asked = (0..5).map(|_| app.get("/ready"));
        for answer in futures::future::join_all(asked).await {
            assert_eq!(answer.ok(200)["ready"], true);
        }
    }
    let made = looks.load(Ordering::Relaxed) - before;
    // However slow this machine is: one look for each second that passed, and one for the second that had begun.
    assert!(made >= 1 && made <= begun.elapsed().as_secs() + 1, "{made} looks");
    eventually("it is looked at again", async || {
        app.get("/ready").await.ok(200);
        (looks.load(Ordering::Relaxed) - before > made).then_some(())
    })
    .await;
}

/// An engine behind its own interface, in this thread, whose lines are heard.
#[tokio::test]
async fn an_engine_logs_no_line_for_each_look_at_it() {
    let (log, _guard) = Log::begin();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let ground = Ground::lay(|config| config.services.engines.push(url)).await;
    let (coordination, stores) = ground.process(Sockets::Here).await;
    let engine = ground.engine(stores, coordination.fan_out);
    let server = Server::new(engine, SECRET.into(), CancellationToken::new(), metrics::registry("ai-engine"));
    tokio::spawn(async move { server.run(listener).await.unwrap() });
    let app = TestApp::on(&ground).await;
    let ready = app.get("/ready").await.ok(200);
    assert_eq!(ready["dependencies"].as_array().unwrap().last().unwrap()["ready"], true, "{ready}");
    app.register("ada").await.get("/api/models").await.ok(200);
    let of_engine = |line: &serde_json::Value| {
        line["message"] == "request" && line["target"].as_str().unwrap().starts_with("collabry_ai_engine")
    };
    let lines = log.lines().into_iter().filter(of_engine);
    assert_eq!(lines.map(|line| line["path"].clone()).collect::<Vec<_>>(), ["/v1/models"]);
}
