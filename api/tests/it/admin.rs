//! What admins see and may do, and others do not.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Cluster, TestApp, eventually};

#[tokio::test]
async fn an_admin_sees_when_jobs_run_and_how_they_went() {
    let app = TestApp::start().await;
    let ada = app.register_admin("ada").await;
    let jobs = app.jobs(&ada).await;
    let names: Vec<_> = jobs.iter().map(|job| job["name"].as_str().unwrap()).collect();
    let expected = [
        "clear-files",
        "expire-sessions",
        "forget-generation-logs",
        "forget-notifications",
        "forget-runs",
        "purge-deleted",
        "roll-up-usage",
    ];
    assert_eq!(names, expected);
    let expected = json!({
        "name": "expire-sessions",
        "schedule": "0 7 * * * *",
        "missed": "catch-up",
        "leaseSecs": 60,
        "nextRun": "2026-03-01T12:07:00.000Z",
        "runs": [],
    });
    assert_eq!(jobs[1], expected);

    let run = ada.run_job("expire-sessions").await;
    let expected = json!({
        "slot": "2026-03-01T12:00:00.000Z",
        "state": "done",
        "requestedBy": ada.id,
        "attempts": 1,
        "startedAt": "2026-03-01T12:00:00.000Z",
        "finishedAt": "2026-03-01T12:00:00.000Z",
        "durationMs": 0,
        "error": null,
    });
    assert_eq!(run, expected);
    let again = ada.run_job("expire-sessions").await;
    assert_eq!((&again["state"], &again["slot"]), (&json!("done"), &json!("2026-03-01T12:00:00.001Z")));
    let jobs = ada.get("/api/admin/jobs").await.ok(200);
    assert_eq!(jobs["jobs"][1]["runs"], json!([again, run]), "newest first");
}

#[tokio::test]
async fn a_run_that_waits_is_asked_for_once() {
    let app = TestApp::start().await;
    let ada = app.register_admin("ada").await;
    let job = "nobody-runs-it".parse().unwrap();
    let spec = collabry_shared::jobs::JobSpec {
        name: job,
        schedule: None,
        missed: collabry_shared::jobs::Missed::Skip,
        lease: jiff::SignedDuration::from_secs(5),
    };
    app.stores.jobs.declare(&spec, "2026-03-01T00:00:00Z".parse().unwrap()).await.unwrap();
    let path = "/api/admin/jobs/nobody-runs-it/runs";
    let run = ada.post(path, json!({})).await.ok(202);
    assert_eq!(
        (&run["state"], &run["startedAt"], &run["durationMs"]),
        (&json!("requested"), &Value::Null, &Value::Null)
    );
    assert_eq!(ada.post(path, json!({})).await.ok(202), run);
    let listed = ada.get("/api/admin/jobs").await.ok(200)["jobs"][0].clone();
    assert_eq!((&listed["schedule"], &listed["nextRun"], &listed["runs"]), (&Value::Null, &Value::Null, &json!([run])));
}

#[tokio::test]
async fn for_others_there_is_nothing() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.register_admin("ada").await, app.register("bob").await);
    app.jobs(&ada).await;
    bob.get("/api/admin/jobs").await.problem(404, "not_found");
    bob.post("/api/admin/jobs/expire-sessions/runs", json!({})).await.problem(404, "not_found");
    ada.post("/api/admin/jobs/no-such-job/runs", json!({})).await.problem(404, "not_found");
    app.get("/api/admin/jobs").await.problem(401, "token_missing");
    let anonymous = app.send(app.request(Method::POST, "/api/admin/jobs/expire-sessions/runs")).await;
    anonymous.problem(401, "token_missing");
    let jobs = ada.get("/api/admin/jobs").await.ok(200);
    assert_eq!(jobs["jobs"][1]["runs"], json!([]), "nobody ran anything");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_changes_what_every_replica_logs_for_a_while() {
    let cluster = Cluster::start(2, |_| {}).await;
    let ada = cluster.replicas[0].register_admin("ada").await;
    let path = "/api/admin/log-level";
    let nothing = json!({ "configured": null, "filter": null, "until": null });
    assert_eq!(ada.get(path).await.ok(200), nothing);
    let changed = ada.put(path, json!({ "filter": "info,collabry_api=debug", "forSecs": 60 })).await.ok(200);
    let expected =
        json!({ "configured": null, "filter": "info,collabry_api=debug", "until": "2026-03-01T12:01:00.000Z" });
    assert_eq!(changed, expected);
    let there = cluster.on(1, &ada);
    let heard = async || Some(there.get(path).await.ok(200)).filter(|level| *level == expected);
    eventually("the other replica follows", heard).await;
    assert_eq!(there.delete(path).await.ok(200), nothing);
    eventually("both go back", async || Some(ada.get(path).await.ok(200)).filter(|level| *level == nothing)).await;
}

#[tokio::test]
async fn a_level_that_is_none_is_refused() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.register_admin("ada").await, app.register("bob").await);
    let path = "/api/admin/log-level";
    ada.put(path, json!({ "filter": "info,=x=" })).await.problem(422, "filter_invalid");
    // What is neither a level nor a part of ours would silence everything.
    for mistyped in ["infoo", "info;debug", "collabry_api=debg", "colabry_api=debug"] {
        let problem = ada.put(path, json!({ "filter": mistyped })).await.problem(422, "filter_invalid");
        assert_eq!(problem["errors"][0]["field"], "filter", "{mistyped}");
    }
    ada.put(path, json!({ "filter": "x".repeat(1001) })).await.problem(422, "filter_invalid");
    for seconds in [0, 86_401] {
        ada.put(path, json!({ "filter": "debug", "forSecs": seconds })).await.problem(422, "duration_invalid");
    }
    assert_eq!(ada.get(path).await.ok(200)["filter"], Value::Null);
    bob.get(path).await.problem(404, "not_found");
    bob.put(path, json!({ "filter": "debug" })).await.problem(404, "not_found");
    bob.delete(path).await.problem(404, "not_found");
    app.get(path).await.problem(401, "token_missing");
}
