//! Web pages as sources.

use serde_json::json;

use crate::support::{TestApp, id};

#[tokio::test]
async fn what_is_no_address_of_a_web_page_is_refused() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Web").await;
    let path = format!("/api/notebooks/{notebook}/sources/url");
    let long = format!("https://example.org/{}", "x".repeat(2_000));
    for url in [
        "",
        "example.org",
        "/etc/passwd",
        "file:///etc/passwd",
        "ftp://example.org/",
        "javascript:alert(1)",
        "http://",
        "https://user:secret@example.org/",
        "data:text/html,x",
        &long,
    ] {
        ada.post(&path, json!({ "url": url })).await.problem(422, "url_invalid");
    }
    assert_eq!(ada.get(&format!("/api/notebooks/{notebook}/sources")).await.ok(200)["sources"], json!([]));
}

#[tokio::test]
async fn an_address_inside_our_own_network_is_not_fetched() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Web").await;
    let own = format!("http://{}/health", app.address);
    for url in
        [&own, "http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest/meta-data/", "http://2130706433/"]
    {
        let added = ada.post(&format!("/api/notebooks/{notebook}/sources/url"), json!({ "url": url })).await.ok(201);
        assert_eq!((&added["latest"]["format"], &added["origin"]["kind"]), (&json!("web"), &json!("url")));
        let failed = ada.settled(&id(&added)).await;
        let state = &failed["latest"]["state"];
        assert_eq!((&state["at"], &state["code"]), (&json!("fetch"), &json!("url_not_allowed")), "{url}: {failed}");
        // Nothing was fetched, so there is nothing to download.
        ada.get(&format!("/api/sources/{}/versions/1/file", id(&added))).await.problem(404, "not_found");
    }
}
