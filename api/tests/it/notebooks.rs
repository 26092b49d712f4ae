//! Notebooks: made, listed, renamed, deleted.

use serde_json::json;

use crate::support::{TestApp, eventually, id};

#[tokio::test]
async fn a_notebook_is_made_and_renamed() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let made = ada.post("/api/notebooks", json!({ "title": "  Plant \n biology " })).await.ok(201);
    insta::assert_json_snapshot!("notebook", made, { ".id" => "[id]" });
    let path = format!("/api/notebooks/{}", id(&made));
    assert_eq!(ada.get(&path).await.ok(200), made);
    let renamed = ada.patch(&path, json!({ "title": "Botany" })).await.ok(200);
    assert_eq!(renamed["title"], "Botany");
    assert_eq!(ada.get("/api/notebooks").await.ok(200)["notebooks"], json!([renamed]));
    for title in ["", " \n ", &"x".repeat(121)] {
        ada.post("/api/notebooks", json!({ "title": title })).await.problem(422, "title_invalid");
        ada.patch(&path, json!({ "title": title })).await.problem(422, "title_invalid");
    }
}

#[tokio::test]
async fn deleting_hides_everything_at_once_and_for_good() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.register_admin("ada").await, app.register("bob").await);
    let notebook = ada.notebook("Doomed").await;
    ada.invite(&notebook, &bob, "editor").await;
    let code = ada.put(&format!("/api/notebooks/{notebook}/join-code"), json!({ "role": "viewer" })).await.ok(200);
    let code = code["joinCode"]["code"].clone();
    let source = id(&ada.ready_source(&notebook, "a.txt", "Leaves are green.").await);
    let conversation = ada.conversation(&notebook).await;
    let (question, _) = ada.ask(&conversation, "Why are leaves green?", json!({})).await;
    let generation = question["generationId"].as_str().unwrap();
    let paths = [
        format!("/api/notebooks/{notebook}"),
        format!("/api/notebooks/{notebook}/members"),
        format!("/api/notebooks/{notebook}/sources"),
        format!("/api/notebooks/{notebook}/conversations"),
        format!("/api/sources/{source}"),
        format!("/api/sources/{source}/versions/1/file"),
        format!("/api/sources/{source}/versions/1/pages/1"),
        format!("/api/conversations/{conversation}"),
        format!("/api/conversations/{conversation}/messages"),
        format!("/api/ai/generations/{generation}"),
        format!("/api/ai/generations/{generation}/events"),
    ];
    for path in &paths {
        assert_eq!(bob.get(path).await.status, 200, "{path}");
    }
    ada.delete(&format!("/api/notebooks/{notebook}")).await.ok(204);
    for user in [&ada, &bob] {
        for path in &paths {
            user.get(path).await.problem(404, "not_found");
        }
        assert_eq!(user.get("/api/notebooks").await.ok(200)["notebooks"], json!([]));
    }
    bob.post("/api/notebooks/join", json!({ "code": code })).await.problem(404, "join_code_unknown");
    bob.upload(&notebook, "b.txt", b"Late.").await.problem(404, "not_found");
    ada.delete(&format!("/api/notebooks/{notebook}")).await.problem(404, "not_found");
    app.jobs(&ada).await;
    ada.run_job("purge-deleted").await;
    eventually("the files are gone", async || app.blobs().is_empty().then_some(())).await;
}
