//! Limits over the wire: what is counted, for whom, and what the refused are told.

use std::num::NonZeroU32;
use std::time::Duration;

use collabry_shared::config::LimitsConfig;
use collabry_shared::limits::Quota;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Polling, TestApp};

const MINUTE: Duration = Duration::from_mins(1);
const QUARTER: Duration = Duration::from_mins(15);

fn quota(count: u32, window: Duration) -> Quota {
    Quota { count: NonZeroU32::new(count).unwrap(), window }
}

async fn app(change: impl FnOnce(&mut LimitsConfig)) -> TestApp {
    TestApp::start_with(|config| change(&mut config.api.limits)).await
}

/// Behind a proxy on this machine.
async fn app_behind_a_proxy(change: impl FnOnce(&mut LimitsConfig)) -> TestApp {
    app(|limits| {
        limits.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        change(limits);
    })
    .await
}

async fn login(app: &TestApp, email: &str, password: &str, forwarded: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    app.send(app.request(Method::POST, "/api/auth/login").header("x-forwarded-for", forwarded).json(&body)).await
}

#[tokio::test]
async fn a_refusal_says_how_long_to_wait_and_waiting_helps() {
    let app = app(|limits| limits.api = Some(quota(3, QUARTER))).await;
    let ada = app.register("ada").await;
    for left in [2, 1, 0] {
        let answer = ada.get("/api/notebooks").await;
        answer.ok(200);
        assert_eq!(answer.header("ratelimit"), format!("\"api\";r={left};t=300"));
        assert_eq!(answer.header("ratelimit-policy"), "\"api\";q=3;w=900");
        assert_eq!(answer.header("retry-after"), "");
    }
    let refused = ada.get("/api/notebooks").await;
    let problem = refused.problem(429, "rate_limited");
    assert_eq!(problem["detail"], "Too many requests. Try again in 5 minutes.");
    assert_eq!(refused.header("ratelimit"), "\"api\";r=0;t=300");
    assert_eq!(refused.header("ratelimit-policy"), "\"api\";q=3;w=900");
    assert_eq!(refused.header("retry-after"), "300");
    app.clock.advance(SignedDuration::from_secs(299));
    ada.get("/api/notebooks").await.problem(429, "rate_limited");
    app.clock.advance(SignedDuration::from_secs(1));
    ada.get("/api/notebooks").await.ok(200);
}

#[tokio::test]
async fn users_are_counted_apart_from_each_other_and_from_their_address() {
    let app = app(|limits| {
        limits.api = Some(quota(1, QUARTER));
        limits.anonymous = Some(quota(3, QUARTER));
    })
    .await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    ada.get("/api/notebooks").await.ok(200);
    ada.get("/api/notebooks").await.problem(429, "rate_limited");
    bob.get("/api/notebooks").await.ok(200);
    // Two accounts were made from here: one call without a token is left, and a wrong token is as good as none.
    let forged = app.request(Method::GET, "/api/notebooks").bearer_auth("forged");
    app.send(forged).await.problem(401, "token_invalid");
    let refused = app.get("/api/notebooks").await;
    assert!(refused.problem(429, "rate_limited")["detail"].as_str().unwrap().contains("from your address"));
    assert_eq!(refused.header("ratelimit-policy"), "\"anonymous\";q=3;w=900");
}

#[tokio::test]
async fn nothing_beside_the_api_is_counted() {
    let app = app(|limits| limits.anonymous = Some(quota(1, QUARTER))).await;
    for path in ["/health", "/ready", "/api/openapi.json", "/"] {
        for _ in 0..3 {
            let answer = app.get(path).await;
            assert_ne!(answer.status, 429, "{path}");
            assert_eq!(answer.header("ratelimit"), "", "{path}");
        }
    }
}

#[tokio::test]
async fn zero_turns_a_limit_off() {
    let app = app(|limits| {
        limits.api = None;
        limits.flood = 0;
    })
    .await;
    let ada = app.register("ada").await;
    let answer = ada.get("/api/notebooks").await;
    answer.ok(200);
    assert_eq!(answer.header("ratelimit"), "");
}

#[tokio::test]
async fn sign_in_attempts_are_counted_by_address_and_account() {
    let app = app_behind_a_proxy(|limits| limits.sign_in = Some(quota(5, QUARTER))).await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    let (home, elsewhere) = ("203.0.113.1", "203.0.113.2");
    for attempt in 0..4 {
        let wrong = login(&app, &ada.email, "guess", home).await;
        wrong.problem(401, "credentials_invalid");
        assert!(wrong.header("ratelimit").contains(&format!("\"sign-in\";r={}", 4 - attempt)), "{wrong:?}");
    }
    // A success counts as well, and gives nothing back; another spelling is the same account.
    login(&app, "ADA@example.org ", PASSWORD, home).await.ok(200);
    let refused = login(&app, &ada.email, PASSWORD, home).await;
    let problem = refused.problem(429, "rate_limited");
    let sentence = "Too many attempts to sign in to this account. Try again in 3 minutes.";
    assert_eq!(problem["detail"], sentence);
    assert_eq!(refused.header("retry-after"), "180");
    login(&app, &bob.email, PASSWORD, home).await.ok(200);
    login(&app, &ada.email, PASSWORD, elsewhere).await.ok(200);
    // What names no account is a call like any other.
    let nothing = app.send(app.request(Method::POST, "/api/auth/login").json(&json!({}))).await;
    nothing.problem(422, "validation");
    assert!(nothing.header("ratelimit").starts_with("\"anonymous\";"), "{nothing:?}");
}

#[tokio::test]
async fn a_refused_attempt_takes_nothing_from_the_limits_beside_it() {
    let app = app_behind_a_proxy(|limits| {
        limits.sign_in = Some(quota(1, QUARTER));
        limits.anonymous = Some(quota(10, QUARTER));
    })
    .await;
    let home = "203.0.113.1";
    login(&app, "ada@example.org", "guess", home).await.problem(401, "credentials_invalid");
    for _ in 0..20 {
        login(&app, "ada@example.org", "guess", home).await.problem(429, "rate_limited");
    }
    let other = login(&app, "bob@example.org", "guess", home).await;
    other.problem(401, "credentials_invalid");
    assert!(other.header("ratelimit").contains("\"anonymous\";r=8;"), "{other:?}");
}

#[tokio::test]
async fn what_a_client_says_of_its_own_address_changes_nothing() {
    let app = app(|limits| limits.sign_in = Some(quota(2, QUARTER))).await;
    for attempt in 0..6 {
        let answer = login(&app, "ada@example.org", "guess", &format!("203.0.113.{attempt}")).await;
        assert_eq!(answer.status, if attempt < 2 { 401 } else { 429 });
    }
    let app = app_behind_a_proxy(|limits| limits.sign_in = Some(quota(2, QUARTER))).await;
    for attempt in 0..6 {
        // The proxy adds whom it sees to what that one sent.
        let answer = login(&app, "ada@example.org", "guess", &format!("10.0.0.{attempt}, 203.0.113.1")).await;
        assert_eq!(answer.status, if attempt < 2 { 401 } else { 429 });
    }
    login(&app, "ada@example.org", "guess", "203.0.113.2").await.problem(401, "credentials_invalid");
}

#[tokio::test]
async fn codes_cannot_be_guessed() {
    let app = app(|limits| limits.codes = Some(quota(3, Duration::from_hours(1)))).await;
    let (ada, eve) = (app.register("ada").await, app.register("eve").await);
    let notebook = ada.notebook("Biology").await;
    let right = ada.put(&format!("/api/notebooks/{notebook}/join-code"), json!({ "role": "viewer" })).await.ok(200);
    let right = json!({ "code": right["joinCode"]["code"] });
    for _ in 0..3 {
        eve.post("/api/notebooks/join", json!({ "code": "ABCD-EFGH-JKMN" })).await.problem(404, "join_code_unknown");
    }
    let refused = eve.post("/api/notebooks/join", right.clone()).await;
    refused.problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "1200");
    app.register("bob").await.post("/api/notebooks/join", right).await.ok(200);
}

#[tokio::test]
async fn messages_and_uploads_have_limits_of_their_own() {
    let app = app(|limits| {
        limits.messages = Some(quota(2, MINUTE));
        limits.uploads = Some(quota(2, Duration::from_hours(1)));
    })
    .await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Biology").await;
    let conversation = ada.conversation(&notebook).await;
    let said = ada.say(&conversation, "One", json!({ "ask": false })).await;
    let path = format!("/api/conversations/{conversation}/messages");
    let message = format!("{path}/{}", said["id"].as_str().unwrap());
    ada.patch(&message, json!({ "content": "Two" })).await.ok(200);
    for refused in [
        ada.post(&path, json!({ "clientId": "three", "content": "Three", "ask": false })).await,
        ada.patch(&message, json!({ "content": "Four" })).await,
        ada.post(&format!("{message}/regenerate"), json!({})).await,
    ] {
        refused.problem(429, "rate_limited");
        assert_eq!(refused.header("ratelimit-policy"), "\"messages\";q=2;w=60");
        assert_eq!(refused.header("retry-after"), "30");
    }
    assert_eq!(ada.messages(&conversation, "").await.len(), 1);

    let source = ada.upload(&notebook, "one.txt", b"One").await.ok(201);
    let url = json!({ "url": "https://example.org/two" });
    ada.post(&format!("/api/notebooks/{notebook}/sources/url"), url.clone()).await.ok(201);
    let versions = format!("/api/sources/{}/versions", source["id"].as_str().unwrap());
    for refused in [
        ada.upload(&notebook, "three.txt", b"Three").await,
        ada.post(&format!("/api/notebooks/{notebook}/sources/url"), url).await,
        ada.post(&versions, json!({})).await,
    ] {
        refused.problem(429, "rate_limited");
        assert_eq!(refused.header("retry-after"), "1800");
    }
}

#[tokio::test]
async fn nobody_exports_without_end() {
    let app = app(|limits| limits.exports = Some(quota(2, Duration::from_hours(1)))).await;
    let ada = app.register("ada").await;
    for _ in 0..2 {
        ada.get("/api/auth/me/export").await.ok_text();
    }
    let refused = ada.get("/api/auth/me/export?wait=").await;
    refused.problem(429, "rate_limited");
    assert_eq!(refused.header("ratelimit-policy"), "\"exports\";q=2;w=3600");
    ada.get("/api/notebooks").await.ok(200);
}

#[tokio::test]
async fn nobody_invites_without_end() {
    let app = app(|limits| limits.invitations = Some(quota(2, Duration::from_hours(1)))).await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    let (first, second) = (ada.notebook("Biology").await, ada.notebook("Physics").await);
    let invite = async |notebook: &str, to: &str| {
        let body = json!({ "email": format!("{to}@example.org"), "role": "viewer" });
        ada.post(&format!("/api/notebooks/{notebook}/members"), body).await
    };
    // Of all their notebooks together.
    invite(&first, "one").await.ok(202);
    invite(&second, "two").await.ok(202);
    let refused = invite(&second, "three").await;
    let problem = refused.problem(429, "rate_limited");
    assert_eq!(problem["detail"], "Too many invitations within an hour. Try again in 30 minutes.");
    assert_eq!(refused.header("ratelimit-policy"), "\"invitations\";q=2;w=3600");
    assert_eq!(refused.header("retry-after"), "1800");
    let members = ada.get(&format!("/api/notebooks/{second}/members")).await.ok(200);
    assert_eq!(members["invitations"].as_array().unwrap().len(), 1);
    // Everything else goes on, and others have their own.
    ada.get("/api/notebooks").await.ok(200);
    bob.invitation(&bob.notebook("Own").await, "three@example.org", "viewer").await;
}

#[tokio::test]
async fn connections_of_sockets_count_as_calls_without_a_token() {
    let app = app_behind_a_proxy(|limits| limits.anonymous = Some(quota(2, QUARTER))).await;
    let ada = app.register("ada").await;
    let home = "203.0.113.1";
    let (_, accepted) = Polling::connect_from(&app, &ada.token, home).await;
    assert!(accepted.starts_with("40{\"sid\""), "{accepted}");
    let (_, refused) = Polling::connect_from(&app, "forged", home).await;
    assert_eq!(refused, r#"44{"message":"token_invalid"}"#);
    let (_, refused) = Polling::connect_from(&app, &ada.token, home).await;
    assert_eq!(refused, r#"44{"message":"rate_limited"}"#);
    let (_, accepted) = Polling::connect_from(&app, &ada.token, "203.0.113.2").await;
    assert!(accepted.starts_with("40{\"sid\""), "{accepted}");
}

#[tokio::test]
async fn events_of_sockets_are_limited_with_the_messages_of_the_rest() {
    let app = app(|limits| {
        limits.events = Some(quota(6, MINUTE));
        limits.messages = Some(quota(2, MINUTE));
    })
    .await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    ada.say(&conversation, "Over HTTP", json!({ "ask": false })).await;
    let (mut socket, _) = Polling::connect(&app, &ada.token).await;
    let mut send = async |client_id: &str| -> Value {
        let payload = json!({ "conversationId": conversation, "clientId": client_id, "content": "Hi", "ask": false });
        socket.emit("message:send", payload).await
    };
    assert_eq!(send("one").await["ok"], true);
    let sentence = "Too many messages at once. Try again in 30 seconds.";
    let refusal = json!({ "ok": false, "error": { "code": "rate_limited", "status": 429, "message": sentence, "retryAfter": 30 } });
    assert_eq!(send("two").await, refusal);
    // The refused message took nothing from the events: five are left of six.
    for _ in 0..4 {
        let typing = socket.emit("typing:start", json!({ "conversationId": conversation })).await;
        assert_eq!(typing, json!({ "ok": true }));
    }
    let broken = socket.emit("conversation:join", json!({})).await;
    assert_eq!(broken["error"]["code"], "validation");
    let refused = socket.emit("conversation:join", json!({ "conversationId": conversation })).await;
    assert_eq!(refused["error"]["code"], "rate_limited");
    assert_eq!(refused["error"]["retryAfter"], 10);
    app.clock.advance(SignedDuration::from_secs(10));
    let joined = socket.emit("conversation:join", json!({ "conversationId": conversation })).await;
    assert_eq!(joined["messages"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_flood_is_turned_away_whatever_it_asks_for() {
    let app = app_behind_a_proxy(|limits| limits.flood = 1).await;
    let ask =
        async |path: &str, from: &str| app.send(app.request(Method::GET, path).header("x-forwarded-for", from)).await;
    let mut refused = Vec::new();
    // One comes back each second: a slow machine gets a few more through.
    while refused.len() < 5 {
        let answer = ask("/health", "203.0.113.1").await;
        if answer.status == 429 {
            refused.push(answer);
        }
    }
    for answer in refused {
        answer.problem(429, "rate_limited");
        assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    }
    ask("/health", "203.0.113.2").await.ok(200);
}

#[tokio::test]
async fn every_operation_documents_the_refusal() {
    let app = TestApp::start().await;
    for operation in &app.operations {
        assert!(operation.statuses.contains(&"429".to_owned()), "{}", operation.id);
    }
}
