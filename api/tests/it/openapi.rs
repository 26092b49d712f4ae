//! The OpenAPI document. That answers keep to it is checked for every request of every test: see `support/contract.rs`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::TestApp;

/// The repository's.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

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
            if status == "304" {
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

/// What linters of OpenAPI documents ask for, and what ours would not say to a stranger.
#[tokio::test]
async fn the_document_is_clean() {
    let app = TestApp::start().await;
    let document = &app.document;
    assert!(document["servers"][0]["url"].is_string());
    assert!(document["info"]["contact"]["name"].is_string() && document["info"]["license"]["name"].is_string());
    let tags: BTreeSet<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].clone().to_string()).collect();
    for operation in &app.operations {
        let entry = &document["paths"][&operation.path][&operation.method];
        let name = &operation.id;
        assert!(tags.contains(&entry["tags"][0].to_string()), "{name}: its tag is not declared");
        assert!(entry["description"].as_str().is_some_and(|text| text.ends_with('.')), "{name} has no description");
        assert!(entry["security"].is_array(), "{name} does not say whether it needs a token");
        for parameter in entry["parameters"].as_array().into_iter().flatten() {
            assert!(!parameter["schema"].to_string().contains("null"), "{name}: a parameter is not null: {parameter}");
        }
        for (status, response) in entry["responses"].as_object().unwrap() {
            assert!(response["headers"]["X-Request-Id"].is_object(), "{name} {status} has no headers");
            assert!(
                !["201", "202"].contains(&status.as_str()) || response["headers"]["Location"].is_object(),
                "{name}"
            );
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(name.starts_with(char::is_uppercase), "{name} is no name of a thing");
        assert!(!schema.to_string().contains("allOf"), "{name}: generators of clients do not read allOf");
        for choice in schema["oneOf"].as_array().into_iter().flatten() {
            assert!(choice["$ref"].is_string() || choice["type"] == "null", "{name}: a choice without a name");
        }
    }
    let text = document.to_string();
    for inside in ["`None`", "`Some`", "crate::", "::claim", "[`", "docs/realtime.md"] {
        assert!(!text.contains(inside), "the document says {inside}");
    }
}

/// Fields of answers and events that are left out when there is nothing to say. Any other is always there, and clients in
/// languages with types are told so.
const LEFT_OUT: [(&str, &str); 13] = [
    ("Generation", "lastEventId"),
    ("Generation", "textLength"),
    ("LoggedEventDelta", "anew"),
    ("LoggedEventDelta", "thinking"),
    ("LoggedEventDone", "cutOff"),
    ("LoggedEventDone", "textLength"),
    ("LoggedEventFailed", "textLength"),
    ("MemberUser", "email"),
    ("Problem", "errors"),
    ("Problem", "traceId"),
    ("SignedIn", "refreshToken"),
    ("SourceVersion", "ahead"),
    ("SourceVersion", "notRead"),
];

/// The schemas that `value` names, and those that these name.
fn named(document: &Value, value: &Value) -> BTreeSet<String> {
    let (mut found, mut open) = (BTreeSet::new(), vec![value]);
    while let Some(value) = open.pop() {
        let mut names = Vec::new();
        references(value, &mut names);
        for name in names.into_iter().filter_map(|name| name.strip_prefix("#/components/schemas/")) {
            if found.insert(name.to_owned()) {
                open.push(&document["components"]["schemas"][name]);
            }
        }
    }
    found
}

/// The objects of one kind of all operations.
fn of_operations(app: &TestApp, part: &str) -> Value {
    let parts = app.operations.iter().map(|one| app.document["paths"][&one.path][&one.method][part].clone());
    parts.collect()
}

fn acknowledgements(document: &Value) -> Value {
    let requests = document["x-socket-requests"].as_object().unwrap();
    requests.values().map(|request| request["acknowledgement"].clone()).collect()
}

#[tokio::test]
async fn what_is_always_sent_is_required() {
    let app = TestApp::start().await;
    let mut sent = named(&app.document, &of_operations(&app, "responses"));
    sent.extend(named(&app.document, &app.document["x-socket-events"]));
    sent.extend(named(&app.document, &acknowledgements(&app.document)));
    let mut left_out = Vec::new();
    for name in &sent {
        let schema = &app.document["components"]["schemas"][name];
        let required: Vec<_> = schema["required"].as_array().into_iter().flatten().collect();
        for (field, _) in schema["properties"].as_object().into_iter().flatten() {
            if !required.contains(&&Value::from(field.as_str())) {
                left_out.push((name.as_str(), field.as_str()));
            }
        }
    }
    assert_eq!(left_out, LEFT_OUT);
}

/// What a client can know before it asks: the server refuses what is outside of these.
#[tokio::test]
async fn bounds_of_requests_are_in_the_document() {
    let app = TestApp::start().await;
    let schemas = &app.document["components"]["schemas"];
    for (schema, field, bounds) in [
        ("ConversationChange", "title", json!({ "minLength": 1, "maxLength": 120 })),
        ("LogLevelChange", "filter", json!({ "maxLength": 1000 })),
        ("MessageEdit", "content", json!({ "minLength": 1, "maxLength": 16_000 })),
        ("MessageRequest", "clientId", json!({ "minLength": 1, "maxLength": 64, "pattern": "^[!-~]+$" })),
        ("MessageRequest", "content", json!({ "minLength": 1, "maxLength": 16_000 })),
        ("NewConversation", "title", json!({ "minLength": 1, "maxLength": 120 })),
        ("NotebookTitle", "title", json!({ "minLength": 1, "maxLength": 120 })),
        ("QuestionRequest", "question", json!({ "minLength": 1, "maxLength": 16_000 })),
        ("SearchQuery", "limit", json!({ "minimum": 1, "maximum": 100 })),
        ("SearchQuery", "query", json!({ "minLength": 1, "maxLength": 1000 })),
        ("SourceRename", "name", json!({ "minLength": 1, "maxLength": 200 })),
        ("UrlRequest", "url", json!({ "maxLength": 2000 })),
    ] {
        for (bound, value) in bounds.as_object().unwrap() {
            let documented = &schemas[schema]["properties"][field][bound];
            assert_eq!(documented, value, "{bound} of {schema}.{field}");
        }
    }
    // And they are what the server goes by.
    let ada = app.register_admin("ada").await;
    let notebook = ada.notebook("Physics").await;
    let conversation = ada.conversation(&notebook).await;
    let messages = format!("/api/conversations/{conversation}/messages");
    let (longest, source) = ("x".repeat(16_000), format!("/api/notebooks/{notebook}/sources/url"));
    for (path, body, status) in [
        ("/api/notebooks", json!({ "title": "x".repeat(120) }), 201),
        ("/api/notebooks", json!({ "title": "x".repeat(121) }), 422),
        (&messages, json!({ "clientId": "~".repeat(64), "content": longest, "ask": false }), 201),
        (&messages, json!({ "clientId": "~".repeat(65), "content": "a", "ask": false }), 422),
        (&messages, json!({ "clientId": "\u{e9}", "content": "a", "ask": false }), 422),
        (&messages, json!({ "clientId": "b", "content": longest.clone() + "x", "ask": false }), 422),
        (&source, json!({ "url": format!("https://example.org/{}", "x".repeat(1_980)) }), 201),
        (&source, json!({ "url": format!("https://example.org/{}", "x".repeat(1_981)) }), 422),
    ] {
        assert_eq!(ada.post(path, body.clone()).await.status, status, "{path} {:.80}", body.to_string());
    }
}

/// `docs/errors.md` is complete, and has nothing that is not there any more.
#[tokio::test]
async fn every_code_is_explained() {
    let app = TestApp::start().await;
    let root = root();
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let page = read("docs/errors.md");
    let explained: BTreeSet<_> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).map(str::to_owned).collect();
    let mut codes = BTreeSet::new();
    for operation in &app.operations {
        let responses = &app.document["paths"][&operation.path][&operation.method]["responses"];
        for (_, response) in responses.as_object().unwrap() {
            codes.extend(
                response["x-codes"].as_array().into_iter().flatten().map(|code| code.as_str().unwrap().to_owned()),
            );
        }
    }
    for path in ["shared/src/sources/failure.rs", "ai-engine/src/models/error.rs"] {
        codes.extend(literals(read(path).split("#[cfg(test)]").next().unwrap()));
    }
    // How serde is told to spell them.
    codes.remove("snake_case");
    let mut sources = String::new();
    for folder in ["api/src", "shared/src", "ai-engine/src"] {
        all_of(&root.join(folder), &mut sources);
    }
    let front = read("nginx/site.conf.template");
    codes.extend(front.split("\"code\":\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned));
    sources.push_str(&front);
    codes.extend(literals(read("api/src/http/code.rs").split("mod tests").next().unwrap()));
    let unexplained: Vec<_> = codes.difference(&explained).collect();
    assert!(unexplained.is_empty(), "docs/errors.md lacks {unexplained:?}");
    let gone: Vec<_> = explained.iter().filter(|code| !sources.contains(&format!("\"{code}\""))).collect();
    assert!(gone.is_empty(), "nothing says {gone:?}");
}

/// Words between quotes that could be codes.
fn literals(text: &str) -> impl Iterator<Item = String> {
    let quoted = text.split('"').skip(1).step_by(2);
    quoted
        .filter(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') && !word.is_empty())
        .map(str::to_owned)
}

fn all_of(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all_of(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

/// What people read of sockets names every event, and none that is not there any more.
#[tokio::test]
async fn the_contract_of_sockets_names_every_event() {
    let app = TestApp::start().await;
    let page = fs::read_to_string(root().join("docs/realtime.md")).unwrap();
    let documented = |extension: &str| app.document[extension].as_object().unwrap().keys().cloned().collect();
    let (events, requests): (BTreeSet<String>, BTreeSet<String>) =
        (documented("x-socket-events"), documented("x-socket-requests"));
    let (_, sent) = page.split_once("\n## To the server\n").unwrap();
    let (sent, heard) = sent.split_once("\n## From the server\n").unwrap();
    let of_rows = sent.lines().filter(|line| line.starts_with("| `")).map(|line| line.split('|').nth(1).unwrap());
    assert_eq!(of_rows.flat_map(event_names).collect::<BTreeSet<_>>(), requests);
    let connecting = page.split("\n## Acknowledgements\n").next().unwrap();
    let heard: BTreeSet<_> = event_names(connecting).chain(event_names(heard)).collect();
    let unexplained: Vec<_> = events.difference(&heard).collect();
    assert!(unexplained.is_empty(), "docs/realtime.md lacks {unexplained:?}");
    let gone: Vec<_> = event_names(&page).filter(|name| !events.contains(name) && !requests.contains(name)).collect();
    assert!(gone.is_empty(), "nothing says {gone:?}");
}

/// What stands between backquotes and could be the name of an event.
fn event_names(text: &str) -> impl Iterator<Item = String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    quoted
        .filter(move |name| name.split_once(':').is_some_and(|(of, what)| is_word(of) && is_word(what)))
        .map(str::to_owned)
}

/// The web client's types are made from this file.
#[tokio::test]
async fn the_committed_document_is_the_one_that_is_served() {
    let app = TestApp::start().await;
    let document = format!("{:#}\n", app.document);
    let file = root().join("docs/openapi.json");
    if std::env::var_os("COLLABRY_WRITE_DOCS").is_some() {
        fs::write(&file, &document).unwrap();
    }
    assert!(fs::read_to_string(&file).is_ok_and(|committed| committed == document), "out of date: make docs");
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
