//! Uploads that are too large, broken off, malformed, or race.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{PATIENCE, Raw, TestApp, User, eventually, id, multipart};

const BOUNDARY: &str = "the-boundary";

const MIB: usize = 1024 * 1024;
/// More than the buffers between two processes hold.
const FAR_TOO_MUCH: usize = 512 * MIB;

async fn small_limit() -> TestApp {
    TestApp::start_with(|config| config.api.max_upload_bytes = MIB as u64).await
}

async fn nothing_is_left(ada: &User<'_>, notebook: &str) {
    assert_eq!(ada.get(&format!("/api/notebooks/{notebook}/sources")).await.ok(200)["sources"], json!([]));
    eventually("no blob is left behind", async || ada.app.blobs().is_empty().then_some(())).await;
}

#[tokio::test]
async fn the_fields_of_a_form_come_in_any_order_and_one_of_them_is_the_file() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Forms").await;
    let path = format!("/api/notebooks/{notebook}/sources");
    let text = |name: &str| format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\nx\r\n");
    let file = |name: &str| multipart::head("file", name) + "Osmosis." + "\r\n";
    let end = format!("--{BOUNDARY}--\r\n");
    let before = text("name") + &file("a.txt") + &end;
    assert_eq!(ada.upload_form(&path, before.into_bytes()).await.ok(201)["name"], "a.txt");
    let behind = file("b.txt") + &text("name") + &end;
    assert_eq!(ada.upload_form(&path, behind.into_bytes()).await.ok(201)["name"], "b.txt");
    let files = app.blobs().len();
    let two = file("c.txt") + &text("name") + &file("d.txt") + &end;
    let problem = ada.upload_form(&path, two.into_bytes()).await.problem(422, "too_many_files");
    assert_eq!(problem["errors"][0]["field"], "file");
    ada.upload_form(&path, (text("name") + &end).into_bytes()).await.problem(422, "file_missing");
    // To send these again never helps.
    for malformed in [String::new(), text("na\u{1}me") + "x", "x".to_owned()] {
        ada.upload_form(&path, malformed.into_bytes()).await.problem(400, "form_malformed");
    }
    assert_eq!(app.blobs().len(), files, "nothing of what was refused is kept");
}

#[tokio::test]
async fn a_new_version_is_a_form_like_any_other() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Forms").await;
    let source = id(&ada.ready_source(&notebook, "a.txt", "Osmosis.").await);
    let path = format!("/api/sources/{source}/versions");
    let text = |name: &str| format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\nx\r\n");
    let file = |name: &str| multipart::head("file", name) + "Diffusion." + "\r\n";
    let end = format!("--{BOUNDARY}--\r\n");
    let before = text("note") + &file("b.txt") + &end;
    assert_eq!(ada.upload_form(&path, before.into_bytes()).await.ok(201)["latest"]["version"], 2);
    ada.settled(&source).await;
    let behind = file("c.txt") + &text("note") + &end;
    let third = ada.upload_form(&path, behind.into_bytes()).await.ok(201);
    assert_eq!((&third["latest"]["version"], &third["name"]), (&json!(3), &json!("c.txt")));
    ada.settled(&source).await;
    let files = app.blobs().len();
    let two = file("d.txt") + &text("note") + &file("e.txt") + &end;
    let problem = ada.upload_form(&path, two.into_bytes()).await.problem(422, "too_many_files");
    assert_eq!(problem["errors"][0]["field"], "file");
    ada.upload_form(&path, (text("note") + &end).into_bytes()).await.problem(422, "file_missing");
    ada.upload_form(&path, b"x".to_vec()).await.problem(400, "form_malformed");
    assert_eq!(app.blobs().len(), files, "nothing of what was refused is kept");
    assert_eq!(ada.get(&format!("/api/sources/{source}")).await.ok(200)["latest"]["version"], 3);
}

#[tokio::test]
async fn a_long_name_keeps_its_format_and_no_name_turns_its_direction() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Files").await;
    for (name, format, ending) in [
        ("y".repeat(300) + ".md", "markdown", ".md"),
        ("n".repeat(199) + ".csv", "csv", ".csv"),
        ("abc\u{202e}gpj.txt".to_owned(), "text", "abcgpj.txt"),
    ] {
        let source = ada.upload(&notebook, &name, b"a,b\n1,2\n").await.ok(201);
        assert_eq!(source["latest"]["format"], format);
        let name = source["name"].as_str().unwrap();
        assert!(name.ends_with(ending) && name.chars().count() <= 200, "{name}");
    }
}

#[tokio::test]
async fn up_to_the_limit_is_taken() {
    let app = small_limit().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Files").await;
    let source = ada.upload(&notebook, "a.txt", &vec![b'a'; MIB]).await.ok(201);
    assert_eq!(source["latest"]["size"], MIB);
    ada.upload(&notebook, "b.txt", &vec![b'b'; MIB + 1]).await.problem(413, "upload_too_large");
}

#[tokio::test]
async fn what_is_over_the_limit_is_cut_off_while_it_is_sent() {
    let app = small_limit().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Files").await;
    let upload = Raw::begin_upload(&ada, &format!("/api/notebooks/{notebook}/sources"), "endless.txt").await;
    let (mut reading, mut writing) = upload.0.into_split();
    let answer = tokio::spawn(async move {
        let mut received = vec![0; 4096];
        let count = reading.read(&mut received).await.unwrap();
        String::from_utf8_lossy(&received[..count]).into_owned()
    });
    let chunk = [b"10000\r\n", vec![b'x'; 0x10000].as_slice(), b"\r\n"].concat();
    let mut sent = 0;
    while !answer.is_finished() {
        assert!(sent < FAR_TOO_MUCH, "it takes everything");
        writing.write_all(&chunk).await.unwrap();
        sent += chunk.len();
    }
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("upload_too_large"), "{answer}");
    drop(writing);
    nothing_is_left(&ada, &notebook).await;
}

/// A server that closes at once makes the client's system throw the answer away: people would see a network error.
#[tokio::test]
async fn a_client_that_sends_on_still_reads_why_it_was_refused() {
    let app = small_limit().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Files").await;
    let path = format!("/api/notebooks/{notebook}/sources");
    let file = vec![b'a'; 16 * MIB];
    for _ in 0..10 {
        let mut upload = Raw::begin_upload(&ada, &path, "large.txt").await;
        for piece in file.chunks(MIB) {
            upload.chunk(piece).await.unwrap();
        }
        let answer = tokio::time::timeout(PATIENCE, upload.finish_upload()).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    }
    nothing_is_left(&ada, &notebook).await;
}

#[tokio::test]
async fn a_client_that_leaves_half_way_leaves_nothing_behind() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Files").await;
    let mut upload = Raw::begin_upload(&ada, &format!("/api/notebooks/{notebook}/sources"), "half.txt").await;
    upload.chunk(&vec![b'a'; 6 * MIB]).await.unwrap();
    eventually("something is being stored", async || (!app.blobs().is_empty()).then_some(())).await;
    drop(upload);
    nothing_is_left(&ada, &notebook).await;
}

#[tokio::test]
async fn a_form_that_ends_too_early_is_no_upload() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Files").await;
    let path = format!("/api/notebooks/{notebook}/sources");
    let whole = multipart::form("file", "a.txt", b"Leaves are green.");
    let cut = whole[..whole.len() - multipart::TAIL.len()].to_vec();
    ada.upload_form(&path, cut).await.problem(400, "upload_incomplete");
    nothing_is_left(&ada, &notebook).await;
}

#[tokio::test]
async fn a_form_without_the_file_is_told_so() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Files").await;
    let path = format!("/api/notebooks/{notebook}/sources");
    ada.upload_form(&path, multipart::form("document", "a.txt", b"Text.")).await.problem(422, "file_missing");
    ada.upload_form(&path, b"--the-boundary--\r\n".to_vec()).await.problem(422, "file_missing");
    ada.upload_form(&path, b"no form at all".to_vec()).await.problem(400, "form_malformed");
    ada.post(&path, json!({ "file": "Text." })).await.problem(415, "form_expected");
    let no_type = app.send(ada.request(reqwest::Method::POST, &path).body("Text.")).await;
    no_type.problem(415, "form_expected");
    nothing_is_left(&ada, &notebook).await;
}

#[tokio::test]
async fn of_two_new_versions_at_once_one_is_taken_and_keeps_its_own_file() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Files").await;
    let source = id(&ada.ready_source(&notebook, "a.txt", "One.").await);
    let path = format!("/api/sources/{source}/versions");
    // Both are under way before either is stored.
    let mut first = Raw::begin_upload(&ada, &path, "first.txt").await;
    let mut second = Raw::begin_upload(&ada, &path, "second.txt").await;
    first.chunk(&vec![b'1'; MIB]).await.unwrap();
    second.chunk(&vec![b'2'; 2 * MIB]).await.unwrap();
    eventually("both are being stored", async || (app.blobs().len() == 3).then_some(())).await;
    assert!(first.finish_upload().await.starts_with("HTTP/1.1 201"));
    let lost = second.finish_upload().await;
    assert!(lost.starts_with("HTTP/1.1 409"), "{lost}");
    let kept = ada.get(&format!("{path}/2/file")).await;
    assert_eq!((kept.body.len(), kept.body[0]), (MIB, b'1'));
    assert_eq!(app.blobs().len(), 2, "the other file is gone");
}

#[tokio::test]
async fn a_notebook_that_is_deleted_during_an_upload_keeps_no_file() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Files").await;
    let mut upload = Raw::begin_upload(&ada, &format!("/api/notebooks/{notebook}/sources"), "late.txt").await;
    upload.chunk(&vec![b'a'; MIB]).await.unwrap();
    eventually("it is being stored", async || (!app.blobs().is_empty()).then_some(())).await;
    ada.delete(&format!("/api/notebooks/{notebook}")).await.ok(204);
    assert!(upload.finish_upload().await.starts_with("HTTP/1.1 404"));
    eventually("no blob is left behind", async || app.blobs().is_empty().then_some(())).await;
}

#[tokio::test]
async fn text_of_two_or_four_bytes_a_character_is_taken_without_a_mark() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Wide").await;
    let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let four = |text: &str| text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect::<Vec<u8>>();
    let russian = "Протокол заседания.\nМост открыт с понедельника. ".repeat(400);
    for (name, bytes, format) in [
        ("notes.txt", little("The bridge opens on Monday."), "text"),
        ("minutes.txt", big(&russian), "text"),
        ("four.txt", four("Grüße aus Köln"), "text"),
        ("ages.csv", little("Name;Age\nAnn;31\n"), "csv"),
        ("page", little("<html><body><p>Grüße aus Köln</p></body></html>"), "html"),
    ] {
        let source = ada.upload(&notebook, name, &bytes).await.ok(201);
        assert_eq!((&source["name"], &source["latest"]["format"]), (&json!(name), &json!(format)));
    }
    ada.upload(&notebook, "program.txt", b"abc\0defg").await.problem(415, "format_unknown");
}
