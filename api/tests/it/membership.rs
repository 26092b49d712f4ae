//! What a member's sockets may hear, and what is read to know it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::support::app::Ground;
use crate::support::{Conversations, Notebooks, Scrape, Socket, TestApp, eventually};

/// An api whose store of notebooks is watched.
async fn watched() -> (TestApp, Arc<Notebooks>) {
    let mut ground = Ground::lay(|_| {}).await;
    let notebooks = Notebooks::over(&mut ground.stores);
    (TestApp::on(&ground).await, notebooks)
}

async fn rooms(app: &TestApp, kind: &str) -> u64 {
    Scrape::of(app).await.value(&format!(r#"collabry_rooms{{kind="{kind}"}}"#))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_removed_between_proof_and_room_is_in_no_conversation() {
    let mut ground = Ground::lay(|_| {}).await;
    let conversations = Conversations::over(Arc::clone(&ground.stores.conversations));
    ground.stores.conversations = Arc::clone(&conversations) as _;
    let app = TestApp::on(&ground).await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    let notebook = ada.notebook("Shared").await;
    ada.invite(&notebook, &bob, "viewer").await;
    let conversation = ada.conversation(&notebook).await;
    let mut socket = Socket::connect(&app, &bob.token).await;
    let (proven, let_go) = conversations.gate.hold(&bob.id);
    let join = socket.call("conversation:join", json!({ "conversationId": conversation }));
    let removal = async {
        proven.await.unwrap();
        ada.delete(&format!("/api/notebooks/{notebook}/members/{}", bob.id)).await.ok(204);
        eventually("bob's socket is put out", async || (rooms(&app, "notebook").await == 0).then_some(())).await;
        let_go.send(()).unwrap();
    };
    let (answer, ()) = tokio::join!(join, removal);
    assert_eq!((&answer["ok"], &answer["error"]["code"]), (&json!(false), &json!("not_found")), "{answer}");
    assert_eq!(answer["messages"], Value::Null);
    assert_eq!(rooms(&app, "conversation").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_removed_while_they_connect_is_in_no_notebook() {
    let (app, notebooks) = watched().await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    let notebook = ada.notebook("Shared").await;
    ada.invite(&notebook, &bob, "viewer").await;
    let before = Socket::connect(&app, &bob.token).await;
    assert_eq!(rooms(&app, "notebook").await, 1);
    let (listed, let_go) = notebooks.gate.hold(&bob.id);
    let removal = async {
        listed.await.unwrap();
        ada.delete(&format!("/api/notebooks/{notebook}/members/{}", bob.id)).await.ok(204);
        eventually("bob's first socket is put out", async || (rooms(&app, "notebook").await == 0).then_some(())).await;
        let_go.send(()).unwrap();
    };
    let (late, ()) = tokio::join!(Socket::connect(&app, &bob.token), removal);
    assert_eq!(rooms(&app, "notebook").await, 0);
    drop((before, late));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_there_is_known_without_reading_accounts() {
    let (app, notebooks) = watched().await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    let notebook = ada.notebook("Shared").await;
    ada.invite(&notebook, &bob, "viewer").await;
    let conversation = ada.conversation(&notebook).await;
    let (accounts, ids) = (&notebooks.accounts_read, &notebooks.ids_read);
    let (accounts_before, ids_before) = (accounts.load(Ordering::Relaxed), ids.load(Ordering::Relaxed));
    let mut socket = Socket::connect(&app, &ada.token).await;
    assert_eq!(socket.join(&conversation).await["present"], json!([ada.id]));
    let _bob = Socket::connect(&app, &bob.token).await;
    // One may still hear of ada alone.
    while socket.hear("presence:update").await["userIds"].as_array().unwrap().len() < 2 {}
    assert!(ids.load(Ordering::Relaxed) > ids_before, "for each announcement");
    assert_eq!(accounts.load(Ordering::Relaxed), accounts_before);
}
