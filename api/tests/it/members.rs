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
async fn somebody_with_an_account_is_a_member_at_once_and_hears_of_it() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    let notebook = ada.notebook("Shared").await;
    let members = format!("/api/notebooks/{notebook}/members");
    let body = json!({ "email": "BOB@example.org", "role": "editor" });
    let invited = ada.post(&members, body.clone()).await.ok(201);
    insta::assert_json_snapshot!("member", invited, { ".member.user.id" => "[id]" });
    assert_eq!(roles(&bob, &notebook).await, named(&[("ada", "owner"), ("bob", "editor")]));
    ada.post(&members, body).await.problem(409, "already_member");
    ada.post(&members, json!({ "email": "bob", "role": "editor" })).await.problem(422, "email_invalid");
    ada.post(&members, json!({ "email": "x@example.org", "role": "king" })).await.problem(422, "validation");
    let notifications = bob.get("/api/notifications").await.ok(200);
    let about = &notifications["notifications"][0]["about"];
    assert_eq!(*about, json!({ "kind": "addedToNotebook", "notebookId": notebook, "title": "Shared", "by": "ada" }));
}

#[tokio::test]
async fn somebody_without_an_account_is_a_member_when_they_register() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Shared").await;
    let members = format!("/api/notebooks/{notebook}/members");
    let invited = ada.post(&members, json!({ "email": "Bob@Example.org", "role": "viewer" })).await.ok(202);
    insta::assert_json_snapshot!("invitation", invited, {
        ".invitation.notebookId" => "[id]", ".invitation.invitedBy" => "[id]",
    });
    let again = ada.post(&members, json!({ "email": "bob@example.org", "role": "editor" })).await.ok(202);
    assert_eq!(ada.get(&members).await.ok(200)["invitations"], json!([again["invitation"]]), "replaced, not doubled");
    let bob = app.register("bob").await;
    assert_eq!(roles(&bob, &notebook).await, named(&[("ada", "owner"), ("bob", "editor")]));
    assert_eq!(ada.get(&members).await.ok(200)["invitations"], json!([]));
}

#[tokio::test]
async fn an_invitation_that_crossed_with_the_registration_is_taken_up_at_the_next_sign_in() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    let notebook = ada.notebook("Shared").await;
    // As if the account had been made between the look for it and the write.
    let invitation = collabry_shared::notebooks::Invitation {
        notebook_id: notebook.parse().unwrap(),
        email: collabry_shared::auth::Email::parse(&bob.email).unwrap(),
        role: collabry_shared::notebooks::Role::Viewer,
        invited_by: ada.id.parse().unwrap(),
        created_at: "2026-03-01T12:00:00Z".parse().unwrap(),
    };
    app.stores.notebooks.invite(&invitation).await.unwrap();
    bob.get(&format!("/api/notebooks/{notebook}")).await.problem(404, "not_found");
    app.post("/api/auth/login", &json!({ "email": bob.email, "password": PASSWORD })).await.ok(200);
    assert_eq!(bob.get(&format!("/api/notebooks/{notebook}")).await.ok(200)["role"], "viewer");
}

#[tokio::test]
async fn an_invitation_can_be_taken_back() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Shared").await;
    let body = json!({ "email": "bob+x@example.org", "role": "viewer" });
    ada.post(&format!("/api/notebooks/{notebook}/members"), body).await.ok(202);
    let path = format!("/api/notebooks/{notebook}/invitations/Bob%2Bx@example.org");
    ada.delete(&path).await.ok(204);
    ada.delete(&path).await.problem(404, "not_found");
    let bob = app.register("bob+x").await;
    bob.get(&format!("/api/notebooks/{notebook}")).await.problem(404, "not_found");
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
