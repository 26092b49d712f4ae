//! Health and readiness.

use serde_json::json;

use crate::support::TestApp;

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
