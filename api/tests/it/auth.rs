//! Register, sign in, refresh, sign out.

use jiff::SignedDuration;
use reqwest::Method;
use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestApp};

/// `Set-Cookie` of an answer.
fn cookie(answer: &Answer) -> String {
    answer.headers[SET_COOKIE].to_str().unwrap().to_owned()
}

/// `name=value` of an answer's cookie.
fn pair(answer: &Answer) -> String {
    cookie(answer).split(';').next().unwrap().to_owned()
}

async fn refresh_with_cookie(app: &TestApp, cookie: &str) -> Answer {
    app.send(app.request(Method::POST, "/api/auth/refresh").header(COOKIE, cookie).json(&json!({}))).await
}

async fn refresh(app: &TestApp, token: &Value) -> Answer {
    app.post("/api/auth/refresh", &json!({ "refreshToken": token })).await
}

async fn login(app: &TestApp, email: &str, password: &str) -> Answer {
    app.post("/api/auth/login", &json!({ "email": email, "password": password, "returnRefreshToken": true })).await
}

#[tokio::test]
async fn an_account_is_made_and_signs_in() {
    let app = TestApp::start().await;
    let body = json!({ "email": " Ada@Example.org ", "name": "Ada\n Lovelace", "password": PASSWORD });
    let registered = app.post("/api/auth/register", &body).await;
    insta::assert_json_snapshot!("registered", registered.ok(201), {
        ".user.id" => "[id]", ".accessToken" => "[token]", ".expiresAt" => insta::dynamic_redaction(|value, _| {
            assert_eq!(value.as_str(), Some("2026-03-01T12:15:00Z"));
            "[in 15 minutes]"
        }),
    });
    let signed_in = login(&app, "ADA@example.org", PASSWORD).await.ok(200);
    assert!(signed_in["refreshToken"].as_str().unwrap().len() >= 43, "256 bits");
    let token = signed_in["accessToken"].as_str().unwrap();
    let me = app.send(app.request(Method::GET, "/api/auth/me").bearer_auth(token)).await.ok(200);
    assert_eq!(me, signed_in["user"]);
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let app = TestApp::start().await;
    let body = json!({ "email": "ada", "name": " ", "password": "short" });
    let problem = app.post("/api/auth/register", &body).await.problem(422, "validation");
    insta::assert_json_snapshot!("wrong_fields", problem["errors"]);
    let long = json!({ "email": "ada@example.org", "name": "x".repeat(81), "password": "x".repeat(257) });
    let problem = app.post("/api/auth/register", &long).await.problem(422, "validation");
    let fields: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["name", "password"]);
    app.post("/api/auth/register", &json!({ "email": "ada@example.org" })).await.problem(422, "validation");
}

#[tokio::test]
async fn an_address_has_one_account() {
    let app = TestApp::start().await;
    app.register("ada").await;
    let again = json!({ "email": "ADA@example.org", "name": "Eve", "password": PASSWORD });
    app.post("/api/auth/register", &again).await.problem(409, "email_taken");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_look_the_same() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let mut problems = Vec::new();
    for (email, password) in [(&*ada.email, "wrong horse battery"), ("eve@example.org", PASSWORD), ("eve", PASSWORD)] {
        let answer = login(&app, email, password).await;
        let mut problem = answer.problem(401, "credentials_invalid");
        problem["requestId"].take();
        assert!(!answer.headers.contains_key(SET_COOKIE));
        problems.push((problem, answer.headers.keys().cloned().collect::<Vec<_>>()));
    }
    assert_eq!(problems[0], problems[1]);
    assert_eq!(problems[0], problems[2]);
}

#[tokio::test]
async fn the_cookie_is_for_this_server_only() {
    let plain = TestApp::start().await;
    let body = json!({ "email": "ada@example.org", "name": "Ada", "password": PASSWORD });
    let registered = cookie(&plain.post("/api/auth/register", &body).await);
    let attributes: Vec<_> = registered.split("; ").skip(1).collect();
    for wanted in ["HttpOnly", "SameSite=Strict", "Path=/api/auth"] {
        assert!(attributes.contains(&wanted), "{registered}");
    }
    assert!(attributes.iter().any(|attribute| attribute.starts_with("Max-Age=")), "survives the browser: {registered}");
    assert!(!attributes.contains(&"Secure"), "would not work without TLS: {registered}");

    let behind_tls = TestApp::start_with(|config| config.api.secure_cookies = true).await;
    let registered = cookie(&behind_tls.post("/api/auth/register", &body).await);
    assert!(registered.split("; ").any(|attribute| attribute == "Secure"), "{registered}");
}

#[tokio::test]
async fn a_browser_refreshes_by_its_cookie() {
    let app = TestApp::start().await;
    let body = json!({ "email": "ada@example.org", "name": "Ada", "password": PASSWORD });
    let first = app.post("/api/auth/register", &body).await;
    assert!(first.json().get("refreshToken").is_none(), "scripts of a page must not see it");
    let second = refresh_with_cookie(&app, &pair(&first)).await;
    assert!(second.ok(200).get("refreshToken").is_none());
    assert_ne!(pair(&second), pair(&first), "rotated");
    let third = refresh_with_cookie(&app, &pair(&second)).await;
    let token = third.ok(200)["accessToken"].as_str().unwrap().to_owned();
    app.send(app.request(Method::GET, "/api/auth/me").bearer_auth(token)).await.ok(200);
}

#[tokio::test]
async fn a_program_refreshes_by_the_body() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let second = refresh(&app, &json!(ada.refresh_token)).await.ok(200);
    assert_ne!(second["refreshToken"], json!(ada.refresh_token));
    refresh(&app, &second["refreshToken"]).await.ok(200);
    refresh(&app, &json!("never given out")).await.problem(401, "session_expired");
    app.post("/api/auth/refresh", &json!({})).await.problem(401, "session_expired");
}

#[tokio::test]
async fn of_two_tabs_that_refresh_at_once_both_stay_signed_in() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let token = json!(ada.refresh_token);
    let (one, other) = tokio::join!(refresh(&app, &token), refresh(&app, &token));
    let answers = [one.ok(200), other.ok(200)];
    let winners: Vec<_> = answers.iter().filter(|answer| answer.get("refreshToken").is_some()).collect();
    assert_eq!(winners.len(), 1, "one new token: {answers:?}");
    for answer in &answers {
        let access = answer["accessToken"].as_str().unwrap();
        app.send(app.request(Method::GET, "/api/auth/me").bearer_auth(access)).await.ok(200);
    }
    refresh(&app, &winners[0]["refreshToken"]).await.ok(200);
}

#[tokio::test]
async fn the_tab_that_lost_leaves_the_winners_cookie_alone() {
    let app = TestApp::start().await;
    let body = json!({ "email": "ada@example.org", "name": "Ada", "password": PASSWORD });
    let first = app.post("/api/auth/register", &body).await;
    let winner = refresh_with_cookie(&app, &pair(&first)).await;
    let loser = refresh_with_cookie(&app, &pair(&first)).await;
    loser.ok(200);
    assert!(!loser.headers.contains_key(SET_COOKIE));
    refresh_with_cookie(&app, &pair(&winner)).await.ok(200);
}

#[tokio::test]
async fn a_spent_token_that_comes_back_later_ends_the_session() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let spent = json!(ada.refresh_token);
    let current = refresh(&app, &spent).await.ok(200)["refreshToken"].clone();
    app.clock.advance(SignedDuration::from_secs(11));
    refresh(&app, &spent).await.problem(401, "session_expired");
    refresh(&app, &current).await.problem(401, "session_expired");
}

#[tokio::test]
async fn a_session_that_is_not_used_for_a_month_ends() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    app.clock.advance(SignedDuration::from_hours(29 * 24));
    let current = refresh(&app, &json!(ada.refresh_token)).await.ok(200)["refreshToken"].clone();
    app.clock.advance(SignedDuration::from_hours(30 * 24));
    refresh(&app, &current).await.problem(401, "session_expired");
}

#[tokio::test]
async fn signing_out_ends_the_session_and_takes_the_cookie() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let other_device = login(&app, &ada.email, PASSWORD).await.ok(200);
    let signed_in = login(&app, &ada.email, PASSWORD).await;
    let with_cookie = app.request(Method::POST, "/api/auth/logout").header(COOKIE, pair(&signed_in)).json(&json!({}));
    let signed_out = app.send(with_cookie).await;
    signed_out.ok(204);
    let removal = cookie(&signed_out);
    assert!(removal.contains("Max-Age=0") && removal.contains("Path=/api/auth"), "{removal}");
    refresh_with_cookie(&app, &pair(&signed_in)).await.problem(401, "session_expired");
    refresh(&app, &other_device["refreshToken"]).await.ok(200);
    // Again, and with nothing to sign out of: the wish is fulfilled either way.
    app.post("/api/auth/logout", &json!({ "refreshToken": "never given out" })).await.ok(204);
    app.post("/api/auth/logout", &json!({})).await.ok(204);
}
