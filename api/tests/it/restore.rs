//! What was deleted comes back: for whom, with what, and until when.

use serde_json::{Value, json};

use crate::support::{Socket, TestApp, User, id};

/// The ids in a list of what was deleted; each has the time of it.
async fn deleted(user: &User<'_>, list: &str, kind: &str) -> Vec<String> {
    let listed = user.get(&format!("{list}?deleted=true")).await.ok(200);
    let items = listed[kind].as_array().unwrap();
    assert!(items.iter().all(|item| item["deletedAt"].is_string()), "{items:?}");
    items.iter().map(id).collect()
}

#[tokio::test]
async fn a_notebook_comes_back_with_its_members_and_what_was_in_it() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.register_admin("ada").await, app.register("bob").await);
    let notebook = ada.notebook("Biology").await;
    ada.invite(&notebook, &bob, "editor").await;
    let source = id(&ada.ready_source(&notebook, "a.txt", "Leaves are green.").await);
    let conversation = ada.conversation(&notebook).await;
    ada.say(&conversation, "Hello", json!({ "ask": false })).await;
    let path = format!("/api/notebooks/{notebook}");
    ada.post(&format!("{path}/restore"), json!({})).await.problem(404, "not_found");
    assert_eq!(ada.get(&path).await.ok(200)["deletedAt"], Value::Null);

    ada.delete(&path).await.ok(204);
    assert_eq!(deleted(&ada, "/api/notebooks", "notebooks").await, std::slice::from_ref(&notebook));
    assert!(deleted(&bob, "/api/notebooks", "notebooks").await.is_empty());
    bob.post(&format!("{path}/restore"), json!({})).await.problem(404, "not_found");
    // Connected while it was away.
    let mut socket = Socket::connect(&app, &bob.token).await;
    let restored = ada.post(&format!("{path}/restore"), json!({})).await.ok(200);
    assert_eq!((&restored["id"], &restored["role"]), (&json!(notebook), &json!("owner")));
    assert_eq!(socket.hear("notebook:updated").await["notebookId"], json!(notebook));
    assert_eq!(bob.get(&path).await.ok(200)["role"], "editor");
    assert_eq!(bob.messages(&conversation, "").await.len(), 1);
    let hits = bob.post(&format!("{path}/search"), json!({ "query": "green" })).await.ok(200);
    assert_eq!(hits["hits"][0]["sourceId"], json!(source));

    ada.delete(&path).await.ok(204);
    app.jobs(&ada).await;
    ada.run_job("purge-deleted").await;
    ada.post(&format!("{path}/restore"), json!({})).await.problem(404, "not_found");
    assert!(deleted(&ada, "/api/notebooks", "notebooks").await.is_empty());
}

#[tokio::test]
async fn sources_and_conversations_come_back() {
    let app = TestApp::start().await;
    let (ada, bob, eve) = (app.register("ada").await, app.register("bob").await, app.register("eve").await);
    let notebook = ada.notebook("Biology").await;
    ada.invite(&notebook, &bob, "viewer").await;
    let source = id(&ada.ready_source(&notebook, "a.txt", "Leaves are green.").await);
    let (hers, his) = (ada.conversation(&notebook).await, bob.conversation(&notebook).await);
    let mut socket = Socket::connect(&app, &ada.token).await;
    for path in [format!("/api/sources/{source}"), format!("/api/conversations/{hers}")] {
        let restore = format!("{path}/restore");
        ada.post(&restore, json!({})).await.problem(404, "not_found");
        ada.delete(&path).await.ok(204);
        ada.get(&path).await.problem(404, "not_found");
        bob.post(&restore, json!({})).await.problem(403, "role_too_small");
        eve.post(&restore, json!({})).await.problem(404, "not_found");
        ada.post(&restore, json!({})).await.ok(200);
        ada.get(&path).await.ok(200);
    }
    assert_eq!(socket.hear("source:status").await["source"]["id"], json!(source));
    assert_eq!(socket.hear("conversation:updated").await["conversation"]["id"], json!(hers));

    let (sources, conversations) =
        (format!("/api/notebooks/{notebook}/sources"), format!("/api/notebooks/{notebook}/conversations"));
    ada.delete(&format!("/api/sources/{source}")).await.ok(204);
    bob.delete(&format!("/api/conversations/{his}")).await.ok(204);
    assert_eq!(deleted(&bob, &sources, "sources").await, [source]);
    assert_eq!(deleted(&bob, &conversations, "conversations").await, std::slice::from_ref(&his));
    let all = ada.get(&conversations).await.ok(200);
    assert_eq!(all["conversations"].as_array().unwrap().iter().map(id).collect::<Vec<_>>(), [hers]);
    bob.post(&format!("/api/conversations/{his}/restore"), json!({})).await.ok(200);
}

#[tokio::test]
async fn what_comes_back_counts_as_what_is_made() {
    let app = TestApp::start_with(|config| {
        config.api.bounds.notebooks = 1;
        config.api.bounds.conversations = 1;
        config.api.shares.sources = Some(1);
    })
    .await;
    let ada = app.register("ada").await;
    let first = ada.notebook("First").await;
    ada.delete(&format!("/api/notebooks/{first}")).await.ok(204);
    let notebook = ada.notebook("Second").await;
    ada.post(&format!("/api/notebooks/{first}/restore"), json!({})).await.problem(409, "too_many_notebooks");
    let conversation = ada.conversation(&notebook).await;
    ada.delete(&format!("/api/conversations/{conversation}")).await.ok(204);
    ada.conversation(&notebook).await;
    let restore = format!("/api/conversations/{conversation}/restore");
    ada.post(&restore, json!({})).await.problem(409, "too_many_conversations");
    let source = id(&ada.ready_source(&notebook, "a.txt", "Leaves are green.").await);
    ada.delete(&format!("/api/sources/{source}")).await.ok(204);
    ada.ready_source(&notebook, "b.txt", "Roots are brown.").await;
    ada.post(&format!("/api/sources/{source}/restore"), json!({})).await.problem(409, "too_many_sources");
}
