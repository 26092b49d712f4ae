//! Sources: what is taken, read, tried again, removed.

use std::num::NonZeroU32;
use std::time::Duration;

use collabry_shared::config::Shares;
use collabry_shared::limits::Quota;
use serde_json::json;

use crate::support::{TestApp, User, eventually, id, multipart};

/// The least of each format that tells it.
const ACCEPTED: &[(&str, &[u8], &str)] = &[
    ("paper.pdf", b"%PDF-1.7\n", "pdf"),
    ("letter.docx", b"PK\x03\x04....word/document.xml", "docx"),
    ("slides.pptx", b"PK\x03\x04....ppt/presentation.xml", "pptx"),
    ("table.xlsx", b"PK\x03\x04....xl/workbook.xml", "xlsx"),
    ("table.csv", b"a,b\n1,2\n", "csv"),
    ("page.html", b"<!doctype html><title>x</title>", "html"),
    ("notes.md", b"# Notes\n\nText.", "markdown"),
    ("notes.txt", b"Text.", "text"),
    ("main.rs", b"fn main() {}", "text"),
    ("NOTES.TXT", b"Text.", "text"),
];

const REFUSED: &[(&str, &[u8])] = &[
    ("photo.png", b"\x89PNG\r\n\x1a\n"),
    ("files.zip", b"PK\x03\x04"),
    ("scan.pdf", b"\x89PNG\r\n\x1a\n"),
    ("letter.docx", b"hello"),
    ("notes.txt", b"MZ\x90\0"),
    ("old.doc", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"),
];

#[tokio::test]
async fn each_format_is_taken_and_told_by_its_content() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Files").await;
    for (name, bytes, format) in ACCEPTED {
        let source = ada.upload(&notebook, name, bytes).await.ok(201);
        assert_eq!((&source["name"], &source["latest"]["format"]), (&json!(name), &json!(format)));
        assert_eq!(source["latest"]["size"], bytes.len());
    }
    let listed = ada.get(&format!("/api/notebooks/{notebook}/sources")).await.ok(200);
    assert_eq!(listed["sources"].as_array().unwrap().len(), ACCEPTED.len());
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_the_reason_and_leaves_nothing() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Files").await;
    let mut reasons = Vec::new();
    for (name, bytes) in REFUSED {
        let problem = ada.upload(&notebook, name, bytes).await.problem(415, "format_unknown");
        reasons.push(format!("{name}: {}", problem["detail"].as_str().unwrap()));
    }
    insta::assert_snapshot!("refused", reasons.join("\n"));
    for (name, bytes) in [("empty.txt", &b""[..]), ("blank.txt", b" \r\n\t"), ("empty.pdf", b"")] {
        ada.upload(&notebook, name, bytes).await.problem(422, "file_empty");
    }
    assert_eq!(ada.get(&format!("/api/notebooks/{notebook}/sources")).await.ok(200)["sources"], json!([]));
    assert!(app.blobs().is_empty(), "{:?}", app.blobs());
}

#[tokio::test]
async fn a_source_becomes_ready_and_its_pages_can_be_read() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Biology").await;
    let text = "# Höhe 🌱\n\nLeaves are green.\n";
    let mut added = ada.upload(&notebook, "../../Pflanzen 🌱.md", text.as_bytes()).await.ok(201);
    // An engine may have begun by now.
    added["latest"].as_object_mut().unwrap().remove("ahead").inspect(|ahead| assert_eq!(ahead, 0));
    insta::assert_json_snapshot!("source", added, { ".id" => "[id]", ".notebookId" => "[id]", ".createdBy" => "[id]" });
    let ready = ada.settled(&id(&added)).await;
    assert_eq!((&ready["latest"]["state"], &ready["readyVersion"]), (&json!({ "step": "ready" }), &json!(1)));
    let page = ada.get(&format!("/api/sources/{}/versions/1/pages/1", id(&ready))).await.ok(200);
    insta::assert_json_snapshot!("page", page);
    for missing in ["versions/1/pages/2", "versions/1/pages/0", "versions/2/pages/1", "versions/1/pages/4294967295"] {
        ada.get(&format!("/api/sources/{}/{missing}", id(&ready))).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn the_file_comes_back_as_it_was_and_is_never_shown_in_our_origin() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Biology").await;
    let html = "<!doctype html><script>alert(1)</script>".repeat(100);
    let source = id(&ada.upload(&notebook, "Übung \u{201c}1\u{201d}; x.html", html.as_bytes()).await.ok(201));
    let path = format!("/api/sources/{source}/versions/1/file");
    let request = ada.request(reqwest::Method::GET, &path).header("accept-encoding", "gzip");
    let file = app.send(request).await;
    file.status.is_success().then_some(()).unwrap();
    assert_eq!(file.text(), html);
    assert_eq!(file.header("content-type"), "text/html");
    assert!(file.header("content-security-policy").contains("sandbox"), "a hostile page must not run as us");
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    let wanted =
        "attachment; filename=\"_bung _1_; x.html\"; filename*=UTF-8''%C3%9Cbung%20%E2%80%9C1%E2%80%9D%3B%20x.html";
    assert_eq!(file.header("content-disposition"), wanted);
    ada.get(&format!("/api/sources/{source}/versions/2/file")).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_failed_source_says_why_and_can_be_tried_again() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Files").await;
    let source = id(&ada.upload(&notebook, "broken.docx", b"PK\x03\x04....word/document.xml").await.ok(201));
    let failed = ada.settled(&source).await;
    assert_eq!(failed["latest"]["state"]["code"], "damaged", "{failed}");
    assert!(failed["latest"]["state"]["message"].as_str().unwrap().ends_with('.'));
    let about = eventually("its owner is told", async || {
        let notifications = ada.get("/api/notifications").await.ok(200);
        notifications["notifications"].get(0).map(|one| one["about"].clone())
    })
    .await;
    assert_eq!((&about["kind"], &about["sourceName"]), (&json!("sourceFailed"), &json!("broken.docx")));
    let retried = ada.post(&format!("/api/sources/{source}/retry"), json!({})).await.ok(200);
    assert_eq!(retried["latest"]["state"], json!({ "step": "queued" }));
    assert_eq!(ada.settled(&source).await["latest"]["state"]["code"], "damaged");
    let again = ada.post(&format!("/api/sources/{source}/retry"), json!({})).await;
    assert!(again.header("retry-after").parse::<u32>().unwrap() <= 31);
    let problem = again.problem(429, "retry_too_soon");
    assert!(
        problem["detail"].as_str().unwrap().starts_with("This source failed just now. Try it again in "),
        "{problem}"
    );
    let ready = id(&ada.ready_source(&notebook, "a.txt", "Fine.").await);
    ada.post(&format!("/api/sources/{ready}/retry"), json!({})).await.problem(409, "source_not_failed");
}

#[tokio::test]
async fn a_new_version_replaces_the_text_and_keeps_the_old_one_for_its_citations() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Biology").await;
    let source = id(&ada.ready_source(&notebook, "v1.txt", "The first edition.").await);
    let form = multipart::form("file", "v2.md", b"# The second edition");
    let added = ada.upload_form(&format!("/api/sources/{source}/versions"), form).await.ok(201);
    assert_eq!((&added["id"], &added["name"]), (&json!(source), &json!("v2.md")));
    assert_eq!((&added["latest"]["version"], &added["latest"]["format"]), (&json!(2), &json!("markdown")));
    assert_eq!(added["readyVersion"], 1);
    assert_eq!(ada.settled(&source).await["readyVersion"], 2);
    for (version, text) in [(1, "The first edition."), (2, "# The second edition")] {
        assert_eq!(ada.get(&format!("/api/sources/{source}/versions/{version}/file")).await.text(), text);
        let page = ada.get(&format!("/api/sources/{source}/versions/{version}/pages/1")).await.ok(200);
        assert!(page["text"].as_str().unwrap().contains("edition"));
    }
}

#[tokio::test]
async fn deleting_a_source_removes_its_rows_and_files() {
    let app = TestApp::start().await;
    let ada = app.register_admin("ada").await;
    let notebook = ada.notebook("Biology").await;
    let source = id(&ada.ready_source(&notebook, "a.txt", "Leaves are green.").await);
    let kept = id(&ada.ready_source(&notebook, "b.txt", "Roots drink water.").await);
    ada.delete(&format!("/api/sources/{source}")).await.ok(204);
    ada.get(&format!("/api/sources/{source}")).await.problem(404, "not_found");
    ada.delete(&format!("/api/sources/{source}")).await.problem(404, "not_found");
    ada.post(&format!("/api/sources/{source}/retry"), json!({})).await.problem(404, "not_found");
    let hits = ada.post(&format!("/api/notebooks/{notebook}/search"), json!({ "query": "green" })).await.ok(200);
    assert!(hits["hits"].as_array().unwrap().iter().all(|hit| hit["sourceId"] == kept), "{hits}");
    app.jobs(&ada).await;
    ada.run_job("purge-deleted").await;
    eventually("only the other file is left", async || (app.blobs().len() == 1).then_some(())).await;
    eventually("nothing waits to be purged", async || {
        app.stores.sources.deleted(jiff::Timestamp::MAX).await.unwrap().is_empty().then_some(())
    })
    .await;
    let segment = collabry_shared::sources::SegmentId { source_id: source.parse().unwrap(), version: 1 };
    assert!(app.stores.segments.chunks(segment).await.unwrap().is_empty());
    assert_eq!(ada.get(&format!("/api/sources/{kept}/versions/1/file")).await.text(), "Roots drink water.");
}

#[tokio::test]
async fn a_retry_counts_as_an_upload() {
    let two = Quota { count: NonZeroU32::new(2).unwrap(), window: Duration::from_hours(1) };
    let app = TestApp::start_with(|config| config.api.limits.uploads = Some(two)).await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Files").await;
    let source = id(&ada.upload(&notebook, "broken.docx", b"PK\x03\x04....word/document.xml").await.ok(201));
    ada.settled(&source).await;
    ada.post(&format!("/api/sources/{source}/retry"), json!({})).await.ok(200);
    ada.post(&format!("/api/sources/{source}/retry"), json!({})).await.problem(429, "rate_limited");
}

#[tokio::test]
async fn one_person_may_keep_so_many_sources_and_bytes() {
    let shares = Shares { sources: Some(2), bytes: Some(20) };
    let app = TestApp::start_with(move |config| config.api.shares = shares).await;
    let (ada, ben) = (app.register("ada").await, app.register("ben").await);
    let notebook = ada.notebook("Files").await;
    let first = id(&ada.upload(&notebook, "a.txt", b"Ten bytes.").await.ok(201));
    let problem = ada.upload(&notebook, "b.txt", b"Eleven more.").await.problem(409, "storage_share_spent");
    assert!(problem["detail"].as_str().unwrap().ends_with("then try again."), "{problem}");
    ada.upload(&notebook, "b.txt", b"Ten again.").await.ok(201);
    let url = json!({ "url": "https://example.org/" });
    ada.post(&format!("/api/notebooks/{notebook}/sources/url"), url).await.problem(409, "too_many_sources");
    ada.upload(&notebook, "c.txt", b"x").await.problem(409, "too_many_sources");
    ben.upload(&ben.notebook("Own").await, "a.txt", b"Another's.").await.ok(201);
    ada.delete(&format!("/api/sources/{first}")).await.ok(204);
    ada.upload(&notebook, "c.txt", b"There is.").await.ok(201);
    assert_eq!(app.blobs().len(), 4, "nothing is left of what was refused");
}

/// What was deleted stays for a week, as it can be brought back.
#[tokio::test]
async fn deleting_is_no_way_around_a_share() {
    let app = TestApp::start_with(|config| config.api.shares = Shares { sources: None, bytes: Some(20) }).await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Files").await;
    for _ in 0..4 {
        let source = id(&ada.upload(&notebook, "a.txt", b"Ten bytes.").await.ok(201));
        ada.delete(&format!("/api/sources/{source}")).await.ok(204);
    }
    let problem = ada.upload(&notebook, "a.txt", b"Ten bytes.").await.problem(409, "storage_share_spent");
    assert!(problem["detail"].as_str().unwrap().contains("deleted lately"), "{problem}");
    assert_eq!(app.blobs().len(), 4);
}

#[tokio::test]
async fn nothing_is_uploaded_when_the_disk_has_little_room() {
    let app = TestApp::start_with(|config| config.api.min_free_bytes = u64::MAX).await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Files").await;
    let problem = ada.upload(&notebook, "a.txt", b"Text.").await.problem(507, "storage_full");
    assert!(!problem.to_string().contains("MIN_FREE"), "settings are for the log: {problem}");
    let url = json!({ "url": "https://example.org/" });
    ada.post(&format!("/api/notebooks/{notebook}/sources/url"), url).await.problem(507, "storage_full");
    assert!(app.blobs().is_empty());
    let messages = format!("/api/conversations/{}/messages", ada.conversation(&notebook).await);
    let said = json!({ "clientId": "one", "content": "Words fill a disk too.", "ask": false });
    ada.post(&messages, said).await.problem(507, "storage_full");
}

#[tokio::test]
async fn a_source_says_what_of_it_was_not_read() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Files").await;
    let html = "<!doctype html><title>Map</title><p>A page with a map.</p><iframe src=\"/map\"></iframe>";
    let source = ada.ready_source(&notebook, "page.html", html).await;
    let frame =
        json!([{ "what": "frames", "count": 1, "pages": [], "message": "1 frame of another page was not read." }]);
    assert_eq!(source["latest"]["notRead"], frame);
    let page = ada.get(&format!("/api/sources/{}/versions/1/pages/1", id(&source))).await.ok(200);
    assert_eq!(page["notRead"], frame);
}

/// Many passages: each paragraph is about as long as one.
fn long_text() -> String {
    let filler = "It is long and wide, and it carries sediment to the sea. ".repeat(30);
    (0..20).map(|n| format!("# Chapter {n}\n\nRiver {n} flows. {filler}\n\n")).collect::<Vec<_>>().concat()
}

#[tokio::test]
async fn a_source_of_too_many_passages_fails_and_says_so() {
    let app = TestApp::start_with(|config| config.engine.extraction.max_passages = Some(3)).await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Rivers").await;
    let long = id(&ada.upload(&notebook, "long.md", long_text().as_bytes()).await.ok(201));
    let failed = ada.settled(&long).await;
    let state = &failed["latest"]["state"];
    assert_eq!((&state["step"], &state["code"]), (&json!("failed"), &json!("too_many_passages")), "{failed}");
    assert!(state["message"].as_str().unwrap().ends_with('.'), "{failed}");
    let hits = ada.post(&format!("/api/notebooks/{notebook}/search"), json!({ "query": "river" })).await.ok(200);
    assert_eq!(hits["hits"], json!([]), "nothing of it is kept");
    ada.ready_source(&notebook, "short.md", "Rivers flow.").await;
}

#[tokio::test]
async fn the_passages_of_an_hour_are_a_persons_own_and_come_back() {
    let app = TestApp::start_with(|config| config.engine.extraction.passages_per_hour = Some(1)).await;
    let (ada, ben) = (app.register("ada").await, app.register("ben").await);
    let notebook = ada.notebook("Rivers").await;
    ada.ready_source(&notebook, "one.txt", "Rivers flow.").await;
    let second = id(&ada.upload(&notebook, "two.txt", b"Lakes rest.").await.ok(201));
    let failed = ada.settled(&second).await;
    let state = &failed["latest"]["state"];
    assert_eq!((&state["step"], &state["code"]), (&json!("failed"), &json!("passages_spent")), "{failed}");
    ben.ready_source(&ben.notebook("Own").await, "one.txt", "Seas are salty.").await;
    app.clock.advance(jiff::SignedDuration::from_mins(61));
    let login = json!({ "email": ada.email, "password": crate::support::PASSWORD });
    let token = app.post("/api/auth/login", &login).await.ok(200)["accessToken"].as_str().unwrap().to_owned();
    let ada = User { token, ..ada };
    ada.post(&format!("/api/sources/{second}/retry"), json!({})).await.ok(200);
    assert_eq!(ada.settled(&second).await["latest"]["state"], json!({ "step": "ready" }));
}
