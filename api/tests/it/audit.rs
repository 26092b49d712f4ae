//! Requests and security events in the log.

use collabry_shared::config::Config;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Log, PASSWORD, TestApp};

#[tokio::test]
async fn who_did_what_is_told_without_what_is_secret() {
    let (log, _guard) = Log::begin();
    let app = TestApp::start().await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    for (email, password) in
        [(&*ada.email, "wrong horse battery"), ("nobody@example.org", PASSWORD), (&*ada.email, PASSWORD)]
    {
        app.post("/api/auth/login", &json!({ "email": email, "password": password })).await;
    }
    let notebook = ada.notebook("Shared").await;
    let code = ada.invitation(&notebook, &bob.email, "editor").await;
    bob.join(&code).await.ok(200);
    let member = format!("/api/notebooks/{notebook}/members/{}", bob.id);
    ada.patch(&member, json!({ "role": "viewer" })).await.ok(204);
    bob.patch(&format!("/api/notebooks/{notebook}"), json!({ "title": "Mine" })).await.problem(403, "role_too_small");
    ada.delete(&member).await.ok(204);
    bob.get("/api/admin/jobs").await.problem(404, "not_found");
    app.post("/api/auth/logout", &json!({ "refreshToken": bob.refresh_token })).await.ok(204);

    let told: Vec<_> = log
        .events()
        .iter()
        .map(|event| [&event["action"], &event["actor"], &event["outcome"]].map(Clone::clone))
        .collect();
    let line = |action: &str, actor: Option<&str>, outcome: &str| {
        [json!(action), actor.map_or(Value::Null, |id| json!(id)), json!(outcome)]
    };
    let expected = [
        line("account.register", Some(&ada.id), "ok"),
        line("account.register", Some(&bob.id), "ok"),
        line("session.begin", None, "credentials_invalid"),
        line("session.begin", None, "credentials_invalid"),
        line("session.begin", Some(&ada.id), "ok"),
        line("invitation.make", Some(&ada.id), "ok"),
        line("member.join", Some(&bob.id), "ok"),
        line("member.role", Some(&ada.id), "ok"),
        line("refused", Some(&bob.id), "role_too_small"),
        line("member.remove", Some(&ada.id), "ok"),
        line("admin.look", Some(&bob.id), "not_found"),
        line("session.end", Some(&bob.id), "ok"),
    ];
    assert_eq!(told, expected);
    let events = log.events();
    assert!(events.iter().all(|event| event["address"] == "127.0.0.1"));
    assert_eq!((&events[2]["object"], &events[6]["object"]), (&json!(ada.id), &json!(notebook)));
    assert_eq!(events[9]["object"], json!(member));
    for secret in [PASSWORD, "wrong horse", &code, &ada.token, &bob.refresh_token, "@example.org"] {
        assert!(!log.text().contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_stolen_session_is_told() {
    let (log, _guard) = Log::begin();
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let refresh = async |token: &Value| app.post("/api/auth/refresh", &json!({ "refreshToken": token })).await;
    let second = refresh(&json!(ada.refresh_token)).await.ok(200)["refreshToken"].clone();
    refresh(&second).await.ok(200);
    refresh(&json!(ada.refresh_token)).await.problem(401, "session_expired");
    let stolen = log.events().pop().unwrap();
    assert_eq!((&stolen["action"], &stolen["actor"]), (&json!("session.stolen"), &json!(ada.id)));
}

#[tokio::test]
async fn a_proxy_that_is_not_named_is_told_once() {
    let (log, _guard) = Log::begin();
    let app = TestApp::start().await;
    for n in 0..3 {
        let request = app.request(Method::GET, "/api/auth/me").header("x-forwarded-for", format!("203.0.113.{n}"));
        app.send(request).await.problem(401, "token_missing");
    }
    assert_eq!(log.warnings("COLLABRY_TRUSTED_PROXIES"), 1);

    let named = |config: &mut Config| config.api.limits.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let app = TestApp::start_with(named).await;
    app.send(app.request(Method::GET, "/api/auth/me").header("x-forwarded-for", "203.0.113.1")).await;
    assert_eq!(log.warnings("COLLABRY_TRUSTED_PROXIES"), 1, "a named one is believed");
}

#[tokio::test]
async fn a_cookie_that_browsers_drop_is_told_once() {
    let (log, _guard) = Log::begin();
    let app = TestApp::start_with(|config| config.api.secure_cookies = true).await;
    let ada = app.register("ada").await;
    for origin in ["https://host.test", "http://localhost:5000", "http://host.test:5000", "http://host.test:5000"] {
        let request = app.request(Method::POST, "/api/auth/login").header("origin", origin);
        app.send(request.json(&json!({ "email": ada.email, "password": PASSWORD }))).await.ok(200);
    }
    assert_eq!(log.warnings("COLLABRY_SECURE_COOKIES"), 1);
}

#[tokio::test]
async fn each_request_is_a_line_with_who_asked_and_from_where() {
    let (log, _guard) = Log::begin();
    let named = |config: &mut Config| config.api.limits.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let app = TestApp::start_with(named).await;
    let ada = app.register("ada").await;
    let ask = async |path: &str, token: &str| {
        let request = app.request(Method::GET, path).header("x-forwarded-for", "2001:db8:1:2:3:4:5:6");
        if token.is_empty() { request } else { request.bearer_auth(token) }.send().await.unwrap();
    };
    ask("/api/notebooks?q=whisper", &ada.token).await;
    ask("/api/notebooks?q=whisper", "").await;
    let lines: Vec<_> = log.lines().into_iter().filter(|line| line["path"] == "/api/notebooks").collect();
    let told = |line: &Value| ["user", "address", "status", "message"].map(|field| line[field].clone());
    // Of an address in IPv6 as much as is counted as one client.
    let client = json!("2001:db8:1:2::");
    assert_eq!(told(&lines[0]), [json!(ada.id), client.clone(), json!(200), json!("request")]);
    assert_eq!(told(&lines[1]), [Value::Null, client, json!(401), json!("request")]);
    assert_eq!(lines.len(), 2);
    for secret in ["whisper", &ada.token, &ada.email] {
        assert!(!log.text().contains(secret), "{secret}");
    }
}
