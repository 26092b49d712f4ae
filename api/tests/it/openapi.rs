//! The OpenAPI document. That answers keep to it is checked for every request of every test: see `support/contract.rs`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::TestApp;

/// Every `$ref` in a document.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|field| references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_is_sound() {
    let app = TestApp::start().await;
    let document = &app.document;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    assert_eq!(document["info"]["title"], "Collabry");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let mut found = Vec::new();
    references(document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').expect(reference);
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let ids: BTreeSet<_> = app.operations.iter().map(|operation| &operation.id).collect();
    assert_eq!(ids.len(), app.operations.len(), "operation ids are unique");
}

#[tokio::test]
async fn every_operation_is_documented_as_a_whole() {
    let app = TestApp::start().await;
    for operation in &app.operations {
        let entry = &app.document["paths"][&operation.path][&operation.method];
        let name = &operation.id;
        assert!(!entry["summary"].as_str().unwrap_or_default().is_empty(), "{name} has no summary");
        assert_eq!(entry["tags"].as_array().map(Vec::len), Some(1), "{name}");
        let documented: Vec<_> = entry["parameters"].as_array().into_iter().flatten().collect();
        let in_path = documented.iter().filter(|one| one["in"] == "path").map(|one| one["name"].as_str().unwrap());
        assert_eq!(in_path.map(str::to_owned).collect::<Vec<_>>(), operation.parameters(), "{name}");
        for (status, response) in entry["responses"].as_object().unwrap() {
            assert!(response["description"].is_string(), "{name} {status}: required by the standard");
            if status.starts_with('2') {
                continue;
            }
            let kinds: Vec<_> = response["content"].as_object().expect(name).keys().collect();
            assert_eq!(kinds, ["application/problem+json"], "{name} {status}");
            let codes = response["description"].as_str().unwrap();
            assert!(status == "default" || codes.contains('`'), "{name} {status} names no code");
        }
        if operation.secured {
            assert!(operation.statuses.contains(&"401".to_owned()), "{name}");
        }
    }
}

#[tokio::test]
async fn the_page_to_browse_it_loads() {
    let app = TestApp::start().await;
    let first = app.get("/api/docs").await;
    let page = if first.status.is_redirection() { app.get("/api/docs/").await } else { first };
    page.ok_text();
    for file in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        let loaded = app.get(&format!("/api/docs/{file}")).await;
        assert!(loaded.status.is_success(), "{file}: {}", loaded.status);
    }
    assert!(app.get("/api/docs/swagger-initializer.js").await.text().contains("/api/openapi.json"));
    app.get("/api/docs/nothing.js").await.problem(404, "not_found");
}
