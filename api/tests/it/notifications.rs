//! Notifications.

use serde_json::{Value, json};

use crate::support::TestApp;

#[tokio::test]
async fn what_is_read_stays_and_says_so() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    for title in ["One", "Two", "Three"] {
        ada.invite(&ada.notebook(title).await, &bob, "viewer").await;
    }
    let list = bob.get("/api/notifications").await.ok(200)["notifications"].clone();
    let titles: Vec<_> = list.as_array().unwrap().iter().map(|one| &one["about"]["title"]).collect();
    assert_eq!(titles, ["Three", "Two", "One"], "newest first");
    // Somebody else's reading changes nothing.
    ada.post("/api/notifications/read", json!({ "upTo": list[0]["id"] })).await.ok(204);
    bob.post("/api/notifications/read", json!({ "upTo": list[1]["id"] })).await.ok(204);
    let list = bob.get("/api/notifications").await.ok(200)["notifications"].clone();
    let read: Vec<_> = list.as_array().unwrap().iter().map(|one| one["readAt"] != Value::Null).collect();
    assert_eq!(read, [false, true, true]);
    assert_eq!(ada.get("/api/notifications").await.ok(200)["notifications"], json!([]));
}
