//! Members: invited, promoted, removed, gone.

use serde_json::{Value, json};

use crate::support::{PASSWORD, TestApp, User};

async fn roles(user: &User<'_>, notebook: &str) -> Vec<(String, String)> {
    let list = user.get(&format!("/api/notebooks/{notebook}/members")).await.ok(200);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    list["members"].as_array().unwrap().iter().map(|one| (text(&one["user"]["name"]), text(&one["role"]))).collect()
}

fn named(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, role)| ((*name).to_owned(), (*role).to_owned())).collect()
}

#[tokio::test]
async fn an_invitation_is_the_same_for_everybody_and_makes_nobody_a_member() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    let notebook = ada.notebook("Shared").await;
    let members = format!("/api/notebooks/{notebook}/members");
    let mut answers = Vec::new();
    for email in ["BOB@example.org", "nobody@example.org"] {
        let mut invited = ada.post(&members, json!({ "email": email, "role": "editor" })).await.ok(202);
        insta::assert_json_snapshot!(format!("invited_{}", &email[..3].to_lowercase()), invited, {
            ".code" => "[code]", ".invitation.id" => "[id]", ".invitation.notebookId" => "[id]", ".invitation.invitedBy" => "[id]",
        });
        for secret in ["id", "email"] {
            invited["invitation"][secret].take();
        }
        invited["code"].take();
        answers.push(invited);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(roles(&ada, &notebook).await, named(&[("ada", "owner")]));
    bob.get(&format!("/api/notebooks/{notebook}")).await.problem(404, "not_found");
    assert_eq!(bob.get("/api/notifications").await.ok(200)["notifications"], json!([]), "nobody is pushed anywhere");
    assert_eq!(bob.get("/api/notebooks").await.ok(200)["notebooks"], json!([]));
    ada.post(&members, json!({ "email": "bob", "role": "editor" })).await.problem(422, "email_invalid");
    ada.post(&members, json!({ "email": "x@example.org", "role": "king" })).await.problem(422, "validation");
    ada.post(&members, json!({ "email": "x@example.org", "role": "owner" })).await.problem(422, "role_invalid");
}

#[tokio::test]
async fn whoever_has_the_link_joins_once() {
    let app = TestApp::start().await;
    let (ada, bob, eve) = (app.register("ada").await, app.register("bob").await, app.register("eve").await);
    let notebook = ada.notebook("Shared").await;
    let code = ada.invitation(&notebook, "bob@example.org", "editor").await;
    ada.join(&code).await.ok(200);
    assert_eq!(bob.join(&code).await.ok(200)["role"], "editor", "a member who tried it used nothing up");
    eve.join(&code).await.problem(404, "join_code_unknown");
    assert_eq!(roles(&bob, &notebook).await, named(&[("ada", "owner"), ("bob", "editor")]));
    let list = ada.get(&format!("/api/notebooks/{notebook}/members")).await.ok(200);
    assert_eq!(list["invitations"], json!([]));
    let again = json!({ "email": "bob@example.org", "role": "viewer" });
    ada.post(&format!("/api/notebooks/{notebook}/members"), again).await.problem(409, "already_member");
}

#[tokio::test]
async fn an_address_alone_gives_no_right() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Shared").await;
    ada.invitation(&notebook, "boss@example.org", "editor").await;
    // An invitation as an earlier version stored it.
    let of_before = collabry_shared::notebooks::Invitation {
        notebook_id: notebook.parse().unwrap(),
        email: "early@example.org".to_owned().try_into().unwrap(),
        role: collabry_shared::notebooks::Role::Owner,
        invited_by: ada.id.parse().unwrap(),
        created_at: "2026-03-01T12:00:00Z".parse().unwrap(),
        link: None,
    };
    app.stores.invitations.invite(&of_before).await.unwrap();
    for name in ["boss", "early"] {
        let stranger = app.register(name).await;
        app.post("/api/auth/login", &json!({ "email": stranger.email, "password": PASSWORD })).await.ok(200);
        stranger.get(&format!("/api/notebooks/{notebook}")).await.problem(404, "not_found");
    }
    assert_eq!(roles(&ada, &notebook).await, named(&[("ada", "owner")]));
}

#[tokio::test]
async fn an_invitation_is_replaced_expires_and_can_be_taken_back() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    let notebook = ada.notebook("Shared").await;
    let members = format!("/api/notebooks/{notebook}/members");
    let first = ada.invitation(&notebook, "bob+x@example.org", "viewer").await;
    app.clock.advance(jiff::SignedDuration::from_secs(1));
    let second = ada.invitation(&notebook, "Bob+x@example.org", "viewer").await;
    bob.join(&first).await.problem(404, "join_code_unknown");
    let list = ada.get(&members).await.ok(200)["invitations"].as_array().unwrap().clone();
    assert_eq!(list.len(), 1, "replaced, not doubled");
    let path = format!("/api/notebooks/{notebook}/invitations/{}", list[0]["id"].as_str().unwrap());
    ada.delete(&path).await.ok(204);
    ada.delete(&path).await.problem(404, "not_found");
    bob.join(&second).await.problem(404, "join_code_unknown");
    let third = ada.invitation(&notebook, "bob@example.org", "viewer").await;
    app.clock.advance(jiff::SignedDuration::from_hours(14 * 24));
    let bob = app.register("bob2").await;
    bob.join(&third).await.problem(404, "join_code_unknown");
}

#[tokio::test]
async fn whoever_was_removed_comes_back_by_an_invitation_only() {
    let app = TestApp::start().await;
    let (ada, bob, eve) = (app.register("ada").await, app.register("bob").await, app.register("eve").await);
    let notebook = ada.notebook("Shared").await;
    let path = format!("/api/notebooks/{notebook}");
    let code = async |role: &str| {
        let renewed = ada.put(&format!("{path}/join-code"), json!({ "role": role })).await.ok(200);
        renewed["joinCode"]["code"].as_str().unwrap().to_owned()
    };
    let known = code("editor").await;
    bob.join(&known).await.ok(200);
    ada.delete(&format!("{path}/members/{}", bob.id)).await.ok(204);
    assert_eq!(ada.get(&path).await.ok(200)["joinCode"], Value::Null, "switched off");
    bob.join(&known).await.problem(404, "join_code_unknown");
    eve.join(&known).await.problem(404, "join_code_unknown");
    bob.join(&code("viewer").await).await.problem(403, "member_removed");
    ada.invite(&notebook, &bob, "viewer").await;
    bob.get(&path).await.ok(200);
    // Who leaves may come back.
    bob.delete(&format!("{path}/members/{}", bob.id)).await.ok(204);
    bob.join(&code("viewer").await).await.ok(200);
}

#[tokio::test]
async fn a_smaller_role_is_not_undone_by_what_its_holder_knows() {
    let app = TestApp::start().await;
    let (ada, bob, eve) = (app.register("ada").await, app.register("bob").await, app.register("eve").await);
    let notebook = ada.notebook("Shared").await;
    let path = format!("/api/notebooks/{notebook}");
    ada.invite(&notebook, &bob, "owner").await;
    let renewed = bob.put(&format!("{path}/join-code"), json!({ "role": "editor" })).await.ok(200);
    let code = renewed["joinCode"]["code"].as_str().unwrap().to_owned();
    let spare = bob.invitation(&notebook, "spare@example.org", "editor").await;
    ada.patch(&format!("{path}/members/{}", bob.id), json!({ "role": "viewer" })).await.ok(204);
    bob.delete(&format!("{path}/members/{}", bob.id)).await.ok(204);
    for known in [code, spare] {
        bob.join(&known).await.problem(404, "join_code_unknown");
        eve.join(&known).await.problem(404, "join_code_unknown");
    }
}

#[tokio::test]
async fn addresses_are_for_owners() {
    let app = TestApp::start().await;
    let (ada, bob, eve) = (app.register("ada").await, app.register("bob").await, app.register("eve").await);
    let notebook = ada.notebook("Shared").await;
    ada.invite(&notebook, &bob, "editor").await;
    ada.invite(&notebook, &eve, "viewer").await;
    ada.invitation(&notebook, "secret@example.org", "viewer").await;
    let path = format!("/api/notebooks/{notebook}/members");
    assert!(ada.get(&path).await.text().contains("secret@example.org"));
    for member in [&bob, &eve] {
        let seen = member.get(&path).await;
        assert_eq!(seen.ok(200)["members"].as_array().unwrap().len(), 3);
        assert!(!seen.text().contains("@example.org"), "{}", seen.text());
    }
}

#[tokio::test]
async fn a_notebook_keeps_an_owner() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    let notebook = ada.notebook("Shared").await;
    ada.invite(&notebook, &bob, "viewer").await;
    let member = |user: &User<'_>| format!("/api/notebooks/{notebook}/members/{}", user.id);
    ada.patch(&member(&ada), json!({ "role": "editor" })).await.problem(409, "last_owner");
    ada.delete(&member(&ada)).await.problem(409, "last_owner");
    ada.patch(&member(&bob), json!({ "role": "owner" })).await.ok(204);
    ada.delete(&member(&ada)).await.ok(204);
    ada.get(&format!("/api/notebooks/{notebook}")).await.problem(404, "not_found");
    assert_eq!(roles(&bob, &notebook).await, named(&[("bob", "owner")]));
    bob.patch(&member(&ada), json!({ "role": "viewer" })).await.problem(404, "not_found");
    bob.delete(&member(&ada)).await.problem(404, "not_found");
}

#[tokio::test]
async fn anyone_may_leave_and_owners_may_remove() {
    let app = TestApp::start().await;
    let (ada, bob, eve) = (app.register("ada").await, app.register("bob").await, app.register("eve").await);
    let notebook = ada.notebook("Shared").await;
    ada.invite(&notebook, &bob, "viewer").await;
    ada.invite(&notebook, &eve, "editor").await;
    let conversation = bob.conversation(&notebook).await;
    let member = |user: &User<'_>| format!("/api/notebooks/{notebook}/members/{}", user.id);
    bob.delete(&member(&bob)).await.ok(204);
    bob.get(&format!("/api/conversations/{conversation}")).await.problem(404, "not_found");
    ada.delete(&member(&eve)).await.ok(204);
    eve.get(&format!("/api/notebooks/{notebook}/sources")).await.problem(404, "not_found");
    assert_eq!(roles(&ada, &notebook).await, named(&[("ada", "owner")]));
    // What somebody who left has started stays with the notebook.
    ada.get(&format!("/api/conversations/{conversation}")).await.ok(200);
}
