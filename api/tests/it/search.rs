//! Search without an answer.

use serde_json::json;

use crate::support::{TestApp, id, multipart};

#[tokio::test]
async fn the_best_passage_comes_first_and_resolves() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Biology").await;
    let plants = ada.ready_source(&notebook, "plants.md", "# Leaves\n\nLeaves are green because of chlorophyll.").await;
    ada.ready_source(&notebook, "cooking.md", "# Soup\n\nSalt the water before it boils.").await;
    let path = format!("/api/notebooks/{notebook}/search");
    let hits = ada.post(&path, json!({ "query": "why are leaves green" })).await.ok(200)["hits"].clone();
    insta::assert_json_snapshot!("hit", hits[0], {
        ".sourceId" => "[id]", ".score" => "[score]", ".similarity" => "[similarity]",
    });
    assert_eq!(hits[0]["sourceId"], plants["id"]);
    let chosen = json!({ "query": "salt", "sourceIds": [id(&plants)], "limit": 1 });
    let hits = ada.post(&path, chosen).await.ok(200)["hits"].clone();
    assert!(hits.as_array().unwrap().iter().all(|hit| hit["sourceId"] == plants["id"]), "{hits}");
    for query in [String::new(), " \n".to_owned(), "x".repeat(1_001)] {
        ada.post(&path, json!({ "query": query })).await.problem(422, "query_invalid");
    }
}

#[tokio::test]
async fn while_a_new_version_is_read_the_one_before_is_found() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Biology").await;
    let source = id(&ada.ready_source(&notebook, "plants.txt", "Leaves are green because of chlorophyll.").await);
    // A version that cannot be read leaves the one before in its place.
    let broken = multipart::form("file", "plants.pdf", b"%PDF-1.4 and nothing else");
    ada.upload_form(&format!("/api/sources/{source}/versions"), broken).await.ok(201);
    let settled = ada.settled(&source).await;
    assert_eq!((&settled["latest"]["state"]["step"], &settled["readyVersion"]), (&json!("failed"), &json!(1)));
    let body = json!({ "query": "green leaves" });
    let hits = ada.post(&format!("/api/notebooks/{notebook}/search"), body).await.ok(200)["hits"].clone();
    assert_eq!((&hits[0]["version"], &hits[0]["paged"]), (&json!(1), &json!(false)));
}
