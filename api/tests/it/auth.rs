//! Register, sign in, refresh, sign out.

use collabry_shared::clock::Clock as _;
use jiff::SignedDuration;
use reqwest::Method;
use reqwest::header::{COOKIE, SET_COOKIE, WWW_AUTHENTICATE};
use serde_json::{Value, json};
use sha2::Digest as _;

use crate::support::{Answer, PASSWORD, Socket, TestApp};

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
            assert_eq!(value.as_str(), Some("2026-03-01T12:15:00.000Z"));
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
async fn whoever_lost_an_answer_is_still_signed_in_whenever_they_come_back() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let first = json!(ada.refresh_token);
    let second = refresh(&app, &first).await.ok(200)["refreshToken"].clone();
    for wait in [11, 24 * 60 * 60] {
        app.clock.advance(SignedDuration::from_secs(wait));
        let again = refresh(&app, &first).await.ok(200)["refreshToken"].clone();
        assert!(again.is_string(), "and has a token to go on with");
    }
    // The one before is what another window may hold; only the last two are remembered.
    refresh(&app, &second).await.problem(401, "session_expired");
}

#[tokio::test]
async fn a_window_that_has_the_lost_answer_goes_on_too() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let first = json!(ada.refresh_token);
    let second = refresh(&app, &first).await.ok(200)["refreshToken"].clone();
    app.clock.advance(SignedDuration::from_secs(12));
    refresh(&app, &first).await.ok(200);
    let third = refresh(&app, &second).await.ok(200)["refreshToken"].clone();
    refresh(&app, &third).await.ok(200);
}

#[tokio::test]
async fn a_thief_with_two_rotations_is_noticed_and_signed_out() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let stolen = json!(ada.refresh_token);
    let second = refresh(&app, &stolen).await.ok(200);
    let third = refresh(&app, &second["refreshToken"]).await.ok(200);
    app.clock.advance(SignedDuration::from_mins(5));
    refresh(&app, &stolen).await.problem(401, "session_expired");
    refresh(&app, &third["refreshToken"]).await.problem(401, "session_expired");
    let access = third["accessToken"].as_str().unwrap();
    app.send(app.request(Method::GET, "/api/auth/me").bearer_auth(access)).await.problem(401, "token_invalid");
}

#[tokio::test]
async fn a_thief_who_keeps_step_is_noticed() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let stolen = json!(ada.refresh_token);
    let hers = refresh(&app, &stolen).await.ok(200)["refreshToken"].clone();
    app.clock.advance(SignedDuration::from_mins(1));
    let his = refresh(&app, &stolen).await.ok(200)["refreshToken"].clone();
    let his = refresh(&app, &his).await.ok(200)["refreshToken"].clone();
    refresh(&app, &hers).await.problem(401, "session_expired");
    refresh(&app, &his).await.problem(401, "session_expired");
}

#[tokio::test]
async fn nobody_ends_a_session_by_its_id() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let parts: Vec<_> = ada.refresh_token.split('.').collect();
    for made_up in [format!("{}.{}.x", parts[0], parts[2]), format!("{}..", parts[0]), parts[0].to_owned()] {
        refresh(&app, &json!(made_up)).await.problem(401, "session_expired");
    }
    refresh(&app, &json!(ada.refresh_token)).await.ok(200);
}

#[tokio::test]
async fn a_token_of_the_version_before_goes_on() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let sessions = &app.stores.sessions;
    let hash = |text: &str| sha2::Sha256::digest(text).into();
    let of_before = collabry_shared::auth::Session {
        id: collabry_shared::ids::SessionId::new(),
        user_id: ada.id.parse().unwrap(),
        token_hash: hash("an opaque token"),
        previous_hash: Some(hash("the one before it")),
        other_hash: None,
        family_hash: None,
        created_at: app.clock.now(),
        rotated_at: app.clock.now(),
        expires_at: app.clock.now() + SignedDuration::from_hours(24),
    };
    sessions.create(&of_before).await.unwrap();
    let next = refresh(&app, &json!("an opaque token")).await.ok(200)["refreshToken"].clone();
    app.clock.advance(SignedDuration::from_mins(1));
    refresh(&app, &json!("an opaque token")).await.ok(200);
    refresh(&app, &next).await.ok(200);
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
async fn a_session_ends_after_three_months_however_much_it_is_used() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let mut current = json!(ada.refresh_token);
    for _ in 0..4 {
        app.clock.advance(SignedDuration::from_hours(22 * 24));
        current = refresh(&app, &current).await.ok(200)["refreshToken"].clone();
    }
    app.clock.advance(SignedDuration::from_hours(2 * 24));
    refresh(&app, &current).await.problem(401, "session_expired");
}

#[tokio::test]
async fn a_cookie_is_kept_as_long_as_its_session() {
    let app = TestApp::start_with(|config| config.api.secure_cookies = true).await;
    let body = json!({ "email": "ada@example.org", "name": "Ada", "password": PASSWORD });
    let registered = app.post("/api/auth/register", &body).await;
    let cookies: Vec<_> = registered.headers.get_all(SET_COOKIE).iter().map(|one| one.to_str().unwrap()).collect();
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    assert!(cookies.iter().any(|one| one.starts_with("__Secure-collabry_refresh=")), "{cookies:?}");
    for cookie in &cookies {
        let attributes: Vec<_> = cookie.split("; ").skip(1).collect();
        for wanted in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/api/auth", "Max-Age=2592000"] {
            assert!(attributes.contains(&wanted), "{cookie}");
        }
    }
    // A replica of the version before has rotated the one that it knows.
    let old = cookies.iter().find(|one| one.starts_with("__Secure-")).unwrap().split(';').next().unwrap().to_owned();
    let token = old.split_once('=').unwrap().1;
    let next = refresh(&app, &json!(token)).await.ok(200)["refreshToken"].as_str().unwrap().to_owned();
    let next = refresh(&app, &json!(next)).await.ok(200)["refreshToken"].as_str().unwrap().to_owned();
    let both = format!("{old}; collabry_refresh={next}");
    refresh_with_cookie(&app, &both).await.ok(200);
    let kept = app.request(Method::GET, "/api/auth/cookie");
    assert_eq!(app.send(kept).await.ok(200), json!({ "kept": false }));
    let kept = app.request(Method::GET, "/api/auth/cookie").header(COOKIE, old);
    assert_eq!(app.send(kept).await.ok(200), json!({ "kept": true }));
}

#[tokio::test]
async fn signing_out_reaches_the_access_token_and_every_socket() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    ada.get("/api/auth/me").await.ok(200);
    let socket = Socket::connect(&app, &ada.token).await;
    app.post("/api/auth/logout", &json!({ "refreshToken": ada.refresh_token })).await.ok(204);
    ada.get("/api/auth/me").await.problem(401, "token_invalid");
    ada.post("/api/notebooks", json!({ "title": "Mine" })).await.problem(401, "token_invalid");
    socket.closed().await;
    assert_eq!(Socket::refused(&app, &ada.token).await["message"], "token_invalid");
}

#[tokio::test]
async fn a_program_without_its_refresh_token_signs_out_by_its_access_token() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let other_device = login(&app, &ada.email, PASSWORD).await.ok(200);
    app.clock.advance(SignedDuration::from_mins(20));
    ada.post("/api/auth/logout", json!({})).await.ok(204);
    refresh(&app, &json!(ada.refresh_token)).await.problem(401, "session_expired");
    refresh(&app, &other_device["refreshToken"]).await.ok(200);
    let forged = app.request(Method::POST, "/api/auth/logout").bearer_auth("forged").json(&json!({}));
    app.send(forged).await.problem(401, "token_invalid");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.register("ada").await, app.register("eve").await);
    let phone = login(&app, &ada.email, PASSWORD).await.ok(200);
    let sessions = ada.get("/api/auth/sessions").await.ok(200)["sessions"].as_array().unwrap().clone();
    assert_eq!(sessions.iter().filter(|one| one["current"] == true).count(), 1);
    let other = sessions.iter().find(|one| one["current"] == false).unwrap()["id"].as_str().unwrap();
    let path = format!("/api/auth/sessions/{other}");
    eve.delete(&path).await.problem(404, "not_found");
    ada.delete(&path).await.ok(204);
    refresh(&app, &phone["refreshToken"]).await.problem(401, "session_expired");
    ada.delete("/api/auth/sessions").await.ok(204);
    ada.get("/api/auth/me").await.problem(401, "token_invalid");
    eve.get("/api/auth/me").await.ok(200);
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    const NEW: &str = "seven quiet lanterns";
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let thief = login(&app, &ada.email, PASSWORD).await.ok(200);
    let socket = Socket::connect(&app, thief["accessToken"].as_str().unwrap()).await;
    let change = async |current: &str, new: &str| {
        ada.put("/api/auth/password", json!({ "currentPassword": current, "newPassword": new })).await
    };
    change("wrong horse battery", NEW).await.problem(403, "password_wrong");
    let short = change(PASSWORD, "short").await.problem(422, "validation");
    assert_eq!(short["errors"][0]["field"], "newPassword");
    change(PASSWORD, NEW).await.ok(204);

    socket.closed().await;
    refresh(&app, &thief["refreshToken"]).await.problem(401, "session_expired");
    refresh(&app, &json!(ada.refresh_token)).await.ok(200);
    ada.get("/api/auth/me").await.ok(200);
    login(&app, &ada.email, PASSWORD).await.problem(401, "credentials_invalid");
    login(&app, &ada.email, NEW).await.ok(200);
    change(PASSWORD, "another long password").await.problem(403, "password_wrong");
}

/// Verifying takes a while, in which the password can change.
#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_with_the_old_password_while_it_changes_is_not_in() {
    let app = TestApp::start_with(|config| {
        config.api.limits.sign_in = None;
        config.api.limits.anonymous = None;
    })
    .await;
    let ada = app.register("ada").await;
    let change =
        ada.put("/api/auth/password", json!({ "currentPassword": PASSWORD, "newPassword": "seven quiet lanterns" }));
    let sign_ins = futures::future::join_all((0..12).map(|_| login(&app, &ada.email, PASSWORD)));
    let (changed, answers) = tokio::join!(change, sign_ins);
    changed.ok(204);
    for answer in answers.iter().filter(|answer| answer.status == 200) {
        refresh(&app, &answer.json()["refreshToken"]).await.problem(401, "session_expired");
    }
    ada.get("/api/auth/me").await.ok(200);
}

#[tokio::test]
async fn every_401_says_what_is_wanted() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let challenge = |answer: &Answer| answer.headers[WWW_AUTHENTICATE].to_str().unwrap().to_owned();
    let me = async |token: &str| app.send(app.request(Method::GET, "/api/auth/me").bearer_auth(token)).await;
    assert_eq!(challenge(&app.get("/api/auth/me").await), r#"Bearer realm="collabry""#);
    assert!(challenge(&me("x").await).contains(r#"error="invalid_token""#));
    app.clock.advance(SignedDuration::from_mins(15));
    assert!(challenge(&me(&ada.token).await).contains("expired"));
    assert!(challenge(&login(&app, &ada.email, "wrong horse battery").await).starts_with("Bearer"));
    assert!(challenge(&refresh(&app, &json!("x")).await).starts_with("Bearer"));
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
