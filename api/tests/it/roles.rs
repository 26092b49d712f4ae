//! What each role may do. Every route that changes something is in the table, or the test fails.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, User, id, multipart};

/// Operation, body, and the status for viewer, editor and owner. In this order: what destroys comes last.
const TABLE: &[(&str, &str, [u16; 3])] = &[
    ("renameNotebook", r#"{"title": "New"}"#, [403, 403, 200]),
    ("renewJoinCode", r#"{"role": "viewer"}"#, [403, 403, 200]),
    ("switchOffJoinCode", "", [403, 403, 200]),
    ("inviteMember", r#"{"email": "newer@example.org", "role": "viewer"}"#, [403, 403, 202]),
    ("withdrawInvitation", "", [403, 403, 204]),
    ("setMemberRole", r#"{"role": "editor"}"#, [403, 403, 204]),
    ("removeMember", "", [403, 403, 204]),
    ("uploadSource", "form", [403, 201, 201]),
    ("addUrlSource", r#"{"url": "http://127.0.0.1/"}"#, [403, 201, 201]),
    ("retrySource", "", [403, 409, 409]),
    ("uploadSourceVersion", "form", [403, 201, 201]),
    ("renameSource", r#"{"name": "New"}"#, [403, 200, 200]),
    ("askNotebook", r#"{"question": "Why are leaves green?"}"#, [200, 200, 200]),
    ("deleteSource", "", [403, 204, 204]),
    ("restoreSource", "", [404, 200, 200]),
    ("searchNotebook", r#"{"query": "leaves"}"#, [200, 200, 200]),
    ("createConversation", "{}", [201, 201, 201]),
    ("updateConversation", r#"{"title": "New"}"#, [403, 200, 200]),
    ("markConversationRead", r#"{"rev": 1}"#, [204, 204, 204]),
    ("sendMessage", r#"{"clientId": "c", "content": "Hello", "ask": false}"#, [201, 201, 201]),
    ("regenerateAnswer", "{}", [202, 202, 202]),
    ("stopGeneration", "", [200, 200, 200]),
    ("editMessage", r#"{"content": "Changed"}"#, [403, 403, 403]),
    ("deleteMessage", "", [403, 200, 200]),
    ("deleteConversation", "", [403, 204, 204]),
    ("restoreConversation", "", [404, 200, 200]),
    ("deleteNotebook", "", [403, 403, 204]),
    ("restoreNotebook", "", [404, 404, 200]),
];

/// What Ada made and another member now tries to change.
struct Fixture {
    notebook: String,
    source: String,
    conversation: String,
    question: Value,
    bystander: String,
    invitation: String,
}

impl Fixture {
    async fn make(ada: &User<'_>, bystander: &User<'_>) -> Self {
        let notebook = ada.notebook("Shared").await;
        ada.invite(&notebook, bystander, "viewer").await;
        let source = id(&ada.ready_source(&notebook, "a.txt", "Leaves are green.").await);
        let conversation = ada.conversation(&notebook).await;
        let (question, _) = ada.ask(&conversation, "Why are leaves green?", json!({})).await;
        ada.invitation(&notebook, "new@example.org", "viewer").await;
        let members = ada.get(&format!("/api/notebooks/{notebook}/members")).await.ok(200);
        let invitation = id(&members["invitations"][0]);
        Self { notebook, source, conversation, question, bystander: bystander.id.clone(), invitation }
    }

    fn value(&self, parameter: &str) -> String {
        match parameter {
            "notebookId" => self.notebook.clone(),
            "sourceId" => self.source.clone(),
            "conversationId" => self.conversation.clone(),
            "messageId" => id(&self.question),
            "generationId" => self.question["generationId"].as_str().unwrap().to_owned(),
            "userId" => self.bystander.clone(),
            "invitationId" => self.invitation.clone(),
            other => panic!("teach this test what {{{other}}} is"),
        }
    }
}

async fn attempt(user: &User<'_>, method: Method, path: &str, body: &str) -> Answer {
    match body {
        "form" => user.upload_form(path, multipart::form("file", "b.txt", b"Roots drink water.")).await,
        "" => user.app.send(user.request(method, path)).await,
        json => user.send(method, path, &serde_json::from_str(json).unwrap()).await,
    }
}

#[tokio::test]
async fn a_role_may_do_this_and_no_more() {
    let app = TestApp::start().await;
    let (ada, bystander) = (app.register("ada").await, app.register("bystander").await);
    for (column, role) in ["viewer", "editor", "owner"].into_iter().enumerate() {
        let fixture = Fixture::make(&ada, &bystander).await;
        let member = app.register(role).await;
        ada.invite(&fixture.notebook, &member, role).await;
        for (name, body, statuses) in TABLE {
            let operation = app.operations.iter().find(|operation| operation.id == *name).expect(name);
            let path = operation.filled(|parameter| fixture.value(parameter));
            let answer = attempt(&member, operation.method.to_uppercase().parse().unwrap(), &path, body).await;
            assert_eq!(answer.status, statuses[column], "{name} by {role}: {}", answer.text());
            if answer.status == 403 {
                let code = if name.ends_with("Message") { "message_not_yours" } else { "role_too_small" };
                answer.problem(403, code);
            }
        }
    }
}

#[tokio::test]
async fn the_table_names_every_route_that_changes_a_notebook() {
    let app = TestApp::start().await;
    let elsewhere = |path: &str| path.starts_with("/api/admin/") || path.starts_with("/api/auth/");
    let of_members = |path: &str| path.contains('{') && !elsewhere(path);
    let changing = app.operations.iter().filter(|operation| operation.method != "get" && of_members(&operation.path));
    let found: BTreeSet<_> = changing.map(|operation| operation.id.as_str()).collect();
    let tested: BTreeSet<_> = TABLE.iter().map(|(name, ..)| *name).collect();
    assert_eq!(found, tested);
}
