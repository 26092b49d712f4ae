//! Who may make an account, who is an admin, and how much an account may have.

use collabry_shared::auth::Email;
use collabry_shared::clock::Clock as _;
use collabry_shared::config::{Config, Registration};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestApp, User};

async fn register(app: &TestApp, name: &str, code: Option<&str>) -> Answer {
    let email = format!("{name}@example.org");
    let body = json!({ "email": email, "name": name, "password": PASSWORD, "code": code });
    app.post("/api/auth/register", &body).await
}

fn named_admin(config: &mut Config) {
    config.api.admin_emails = vec![Email::parse("boss@example.org").unwrap()];
}

#[tokio::test]
async fn the_address_of_an_admin_is_not_for_whoever_comes_first() {
    let app = TestApp::start_with(named_admin).await;
    register(&app, "boss", None).await.problem(403, "address_reserved");
    register(&app, "BOSS", None).await.problem(403, "address_reserved");
    register(&app, "somebody", None).await.ok(201);
}

#[tokio::test]
async fn an_address_gives_the_rights_of_an_admin_once_it_is_proven() {
    let squatted = |config: &mut Config| config.api.admin_emails = vec![Email::parse("early@example.org").unwrap()];
    let app = TestApp::start_with(squatted).await;
    // Registered before it was named.
    let early = User::of_before(&app, "early").await;
    early.get("/api/admin/jobs").await.problem(404, "not_found");
    let id = early.id.parse().unwrap();
    let users = &app.stores.users;
    users.set_admin(id, true, app.clock.now()).await.unwrap();
    early.get("/api/admin/jobs").await.ok(200);
    users.set_admin(id, false, app.clock.now()).await.unwrap();
    early.get("/api/admin/jobs").await.ok(200);
}

#[tokio::test]
async fn a_closed_server_takes_nobody_in() {
    let app = TestApp::start_with(|config| config.api.registration = Registration::Closed).await;
    register(&app, "ada", None).await.problem(403, "registration_closed");
    register(&app, "ada", Some("7QK3M9ZT2A")).await.problem(403, "registration_closed");
}

#[tokio::test]
async fn by_invitation_only_a_code_takes_an_account_in() {
    let app = TestApp::start_with(|config| config.api.registration = Registration::Invited).await;
    let ada = User::of_before(&app, "ada").await;
    let notebook = ada.notebook("Shared").await;
    for code in [None, Some("7QK3M9ZT2A"), Some("7QK3M9ZT2A7QK3M9ZT2A"), Some("")] {
        register(&app, "bob", code).await.problem(403, "invitation_needed");
    }
    let code = ada.invitation(&notebook, "bob@example.org", "viewer").await;
    let signed_in = register(&app, "bob", Some(&code)).await.ok(201);
    let members = ada.get(&format!("/api/notebooks/{notebook}/members")).await.ok(200);
    let names: Vec<_> = members["members"].as_array().unwrap().iter().map(|one| &one["user"]["name"]).collect();
    assert_eq!(names, ["ada", "bob"]);
    assert_eq!(signed_in["user"]["name"], "bob");
    register(&app, "eve", Some(&code)).await.problem(403, "invitation_needed");
    let renewed = ada.put(&format!("/api/notebooks/{notebook}/join-code"), json!({ "role": "viewer" })).await.ok(200);
    register(&app, "eve", renewed["joinCode"]["code"].as_str()).await.ok(201);
}

/// Many see a code that still works before one has used it up.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_register_with_a_code_for_one_the_others_have_no_account() {
    let app = TestApp::start_with(|config| {
        config.api.registration = Registration::Invited;
        config.api.limits.anonymous = None;
    })
    .await;
    let ada = User::of_before(&app, "ada").await;
    let notebook = ada.notebook("Shared").await;
    let body = json!({ "role": "viewer", "uses": 1 });
    let renewed = ada.put(&format!("/api/notebooks/{notebook}/join-code"), body).await.ok(200);
    let invitation = ada.invitation(&notebook, "x@example.org", "viewer").await;
    for (way, code) in [("code", renewed["joinCode"]["code"].as_str().unwrap()), ("link", &invitation)] {
        let names: Vec<_> = (0..6).map(|n| format!("{way}{n}")).collect();
        let answers = futures::future::join_all(names.iter().map(|name| register(&app, name, Some(code)))).await;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(made, 1, "{way}");
        for (name, answer) in names.iter().zip(&answers).filter(|(_, answer)| answer.status != 201) {
            answer.problem(403, "invitation_needed");
            let body = json!({ "email": format!("{name}@example.org"), "password": PASSWORD });
            app.post("/api/auth/login", &body).await.problem(401, "credentials_invalid");
        }
    }
}

#[tokio::test]
async fn two_spellings_of_a_domain_are_one_account() {
    let app = TestApp::start().await;
    let body = |email: &str| json!({ "email": email, "name": "Info", "password": PASSWORD });
    app.post("/api/auth/register", &body("info@münchen.de")).await.ok(201);
    let ascii = "Info@xn--mnchen-3ya.DE";
    app.post("/api/auth/login", &json!({ "email": ascii, "password": PASSWORD })).await.ok(200);
    app.post("/api/auth/register", &body(ascii)).await.problem(409, "email_taken");
}

#[tokio::test]
async fn common_passwords_are_refused() {
    let app = TestApp::start().await;
    for password in ["12345678", "password1234", "qwertyuiopasdf", "adaadaadaada"] {
        let body = json!({ "email": "ada@example.org", "name": "Ada", "password": password });
        let problem = app.post("/api/auth/register", &body).await.problem(422, "validation");
        assert_eq!(problem["errors"][0]["field"], "password", "{password}");
    }
}

#[tokio::test]
async fn passwords_of_one_account_cannot_be_tried_from_many_addresses() {
    let app = TestApp::start_with(|config| {
        config.api.limits.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        config.api.limits.account = Config::from_lookup(|_| None).unwrap().api.limits.account;
    })
    .await;
    let ada = app.register("ada").await;
    let attempt = async |n: usize, email: &str| {
        let request = app.request(reqwest::Method::POST, "/api/auth/login");
        let request = request.header("x-forwarded-for", format!("203.0.113.{}", n % 250));
        app.send(request.json(&json!({ "email": email, "password": "wrong horse battery" }))).await
    };
    let mut refused = None;
    for n in 0..150 {
        let answer = attempt(n, &ada.email).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.headers.contains_key("retry-after"));
            refused = Some(n);
            break;
        }
    }
    assert_eq!(refused, Some(100));
    attempt(0, "bob@example.org").await.problem(401, "credentials_invalid");
    // Who is signed in stays so.
    ada.get("/api/auth/me").await.ok(200);
    app.post("/api/auth/refresh", &json!({ "refreshToken": ada.refresh_token })).await.ok(200);
}

#[tokio::test]
async fn an_account_has_so_much_and_no_more() {
    let app = TestApp::start_with(|config| {
        let bounds = &mut config.api.bounds;
        (bounds.notebooks, bounds.members, bounds.invitations, bounds.conversations) = (2, 2, 2, 2);
    })
    .await;
    let (ada, bob, eve) = (app.register("ada").await, app.register("bob").await, app.register("eve").await);
    let notebook = ada.notebook("One").await;
    ada.notebook("Two").await;
    ada.post("/api/notebooks", json!({ "title": "Three" })).await.problem(409, "too_many_notebooks");
    ada.invite(&notebook, &bob, "viewer").await;
    let one = ada.invitation(&notebook, "eve@example.org", "viewer").await;
    eve.join(&one).await.problem(409, "too_many_members");
    ada.invitation(&notebook, "x@example.org", "viewer").await;
    let members = format!("/api/notebooks/{notebook}/members");
    let body = |email: &str| json!({ "email": email, "role": "viewer" });
    ada.post(&members, body("y@example.org")).await.problem(409, "too_many_invitations");
    ada.post(&members, body("x@example.org")).await.ok(202);
    for _ in 0..2 {
        bob.conversation(&notebook).await;
    }
    let conversations = format!("/api/notebooks/{notebook}/conversations");
    bob.post(&conversations, Value::Object(serde_json::Map::new())).await.problem(409, "too_many_conversations");
    ada.conversation(&notebook).await;
}

#[tokio::test]
async fn an_account_is_exported_and_deleted() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    let (alone, shared) = (ada.notebook("Alone").await, bob.notebook("Shared").await);
    bob.invite(&shared, &ada, "editor").await;
    let conversation = ada.conversation(&shared).await;
    ada.say(&conversation, "My words", json!({ "ask": false })).await;
    bob.say(&conversation, "His words", json!({ "ask": false })).await;

    let export = ada.get("/api/auth/me/export").await.text().clone();
    let lines: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["account", "session", "notification", "notebook", "conversation", "message", "notebook", "end"]);
    assert!(export.contains("My words") && !export.contains("His words") && !export.contains("argon2"));

    let delete = async |body: Value| ada.send(reqwest::Method::DELETE, "/api/auth/me", &body).await;
    delete(json!({ "password": "wrong horse battery" })).await.problem(403, "password_wrong");
    let owns = delete(json!({ "password": PASSWORD })).await.problem(409, "owns_notebooks");
    assert!(owns["detail"].as_str().unwrap().contains("“Alone”"));
    delete(json!({ "password": PASSWORD, "deleteNotebooks": true })).await.ok(204);

    ada.get("/api/auth/me").await.problem(401, "token_invalid");
    let body = json!({ "email": ada.email, "password": PASSWORD });
    app.post("/api/auth/login", &body).await.problem(401, "credentials_invalid");
    app.post("/api/auth/refresh", &json!({ "refreshToken": ada.refresh_token })).await.problem(401, "session_expired");
    assert!(app.stores.notebooks.get(alone.parse().unwrap()).await.unwrap().is_none());
    let members = bob.get(&format!("/api/notebooks/{shared}/members")).await.ok(200);
    assert_eq!(members["members"].as_array().unwrap().len(), 1);
    let messages = bob.messages(&conversation, "").await;
    assert_eq!(
        (&messages[0]["content"], &messages[0]["author"]["name"]),
        (&json!("My words"), &json!("Deleted account"))
    );
    app.register("ada").await;
}
