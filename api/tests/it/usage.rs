//! What a user used.

use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn everyone_sees_their_own_days() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.register_admin("ada").await, app.register("bob").await);
    let notebook = ada.notebook("Biology").await;
    ada.invite(&notebook, &bob, "editor").await;
    let text = "Leaves are green because of chlorophyll.";
    ada.ready_source(&notebook, "plants.txt", text).await;
    let conversation = ada.conversation(&notebook).await;
    bob.say(&conversation, "I only say something.", json!({ "ask": false })).await;
    let (_, answer) = ada.ask(&conversation, "Why are leaves green?", json!({})).await;
    assert_eq!(ada.get("/api/usage").await.ok(200)["days"], json!([]), "not counted yet");

    app.jobs(&ada).await;
    ada.run_job("roll-up-usage").await;
    let characters = answer["content"].as_str().unwrap().chars().count();
    let expected = json!({
        "from": "2026-01-31",
        "to": "2026-03-01",
        "days": [{
            "day": "2026-03-01",
            "messages": 1,
            "uploads": 1,
            "uploadedBytes": text.len(),
            "models": [{ "model": "builtin/extractive", "generations": 1, "characters": characters }],
        }],
    });
    assert_eq!(ada.get("/api/usage").await.ok(200), expected);
    let bobs = bob.get("/api/usage?days=1").await.ok(200);
    assert_eq!((&bobs["from"], &bobs["to"]), (&json!("2026-03-01"), &json!("2026-03-01")));
    assert_eq!((&bobs["days"][0]["messages"], &bobs["days"][0]["uploads"]), (&json!(1), &json!(0)));
    app.get("/api/usage").await.problem(401, "token_missing");
}

#[tokio::test]
async fn the_number_of_days_is_checked() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    for wrong in ["0", "367", "-1", "many"] {
        ada.get(&format!("/api/usage?days={wrong}")).await.problem(422, "validation");
    }
    let year = ada.get("/api/usage?days=366").await.ok(200);
    assert_eq!((&year["from"], &year["days"]), (&json!("2025-03-01"), &json!([])));
}
