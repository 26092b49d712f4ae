//! Join codes.

use serde_json::{Value, json};

use crate::support::{TestApp, User};

async fn renew(owner: &User<'_>, notebook: &str, role: &str) -> String {
    let notebook = owner.put(&format!("/api/notebooks/{notebook}/join-code"), json!({ "role": role })).await.ok(200);
    assert_eq!(notebook["joinCode"]["role"], role);
    notebook["joinCode"]["code"].as_str().unwrap().to_owned()
}

async fn join(user: &User<'_>, code: &str) -> crate::support::Answer {
    user.post("/api/notebooks/join", json!({ "code": code })).await
}

#[tokio::test]
async fn a_code_lets_in_however_it_is_typed() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Open").await;
    let code = renew(&ada, &notebook, "editor").await;
    let sloppy = format!(" {}-{} ", code[..5].to_lowercase(), &code[5..]).replace('0', "o").replace('1', "l");
    let bob = app.register("bob").await;
    let joined = join(&bob, &sloppy).await.ok(200);
    assert_eq!((&joined["id"], &joined["role"]), (&json!(notebook), &json!("editor")));
    assert_eq!(joined["joinCode"], Value::Null, "for owners only");
    // Again changes nothing, also for those who are more.
    assert_eq!(join(&bob, &code).await.ok(200), joined);
    assert_eq!(join(&ada, &code).await.ok(200)["role"], "owner");
    let members = ada.get(&format!("/api/notebooks/{notebook}/members")).await.ok(200);
    assert_eq!(members["members"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_renewed_or_switched_off_code_lets_nobody_in() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    let notebook = ada.notebook("Open").await;
    let first = renew(&ada, &notebook, "viewer").await;
    let second = renew(&ada, &notebook, "viewer").await;
    assert_ne!(first, second);
    join(&bob, &first).await.problem(404, "join_code_unknown");
    let off = ada.delete(&format!("/api/notebooks/{notebook}/join-code")).await.ok(200);
    assert_eq!(off["joinCode"], Value::Null);
    join(&bob, &second).await.problem(404, "join_code_unknown");
    join(&bob, "").await.problem(404, "join_code_unknown");
    let path = format!("/api/notebooks/{notebook}/join-code");
    ada.put(&path, json!({ "role": "owner" })).await.problem(422, "role_invalid");
}

#[tokio::test]
async fn a_code_works_for_a_month() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Open").await;
    let code = renew(&ada, &notebook, "viewer").await;
    app.clock.advance(jiff::SignedDuration::from_hours(30 * 24));
    let bob = app.register("bob").await;
    join(&bob, &code).await.problem(404, "join_code_unknown");
}

#[tokio::test]
async fn a_code_lets_in_as_many_as_it_is_for() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Open").await;
    let path = format!("/api/notebooks/{notebook}/join-code");
    for uses in [json!(0), json!(1001)] {
        let refused = ada.put(&path, json!({ "role": "viewer", "uses": uses })).await.problem(422, "validation");
        assert_eq!(refused["errors"][0]["field"], "uses");
    }
    let code = ada.put(&path, json!({ "role": "viewer", "uses": 1 })).await.ok(200)["joinCode"].clone();
    assert_eq!(code["usesLeft"], 1);
    let code = code["code"].as_str().unwrap();
    let (bob, cyd) = (app.register("bob").await, app.register("cyd").await);
    join(&ada, code).await.ok(200);
    join(&bob, code).await.ok(200);
    join(&bob, code).await.problem(404, "join_code_unknown");
    join(&cyd, code).await.problem(404, "join_code_unknown");
    assert_eq!(ada.get(&format!("/api/notebooks/{notebook}")).await.ok(200)["joinCode"]["usesLeft"], 0);
}
