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
