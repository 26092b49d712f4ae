//! The web client's files.

use reqwest::Method;

use crate::support::{Answer, TestApp};

/// An api with a web client of a few files.
async fn with_files() -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("assets")).unwrap();
    for (name, text) in [
        ("index.html", "<!doctype html><title>Collabry</title>".repeat(10)),
        ("icon.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>".to_owned()),
        ("assets/app-1a2b.js", "console.log('hello');".repeat(10)),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let path = folder.path().to_owned();
    (TestApp::start_with(|config| config.api.web_dir = path).await, folder)
}

fn assert_safe(answer: &Answer) {
    let policy = answer.header("content-security-policy");
    for rule in [
        "default-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.split("; ").any(|one| one == rule), "{rule}: {policy}");
    }
    assert!(!policy.contains("script-src"), "scripts are ours alone: {policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "same-origin");
}

#[tokio::test]
async fn any_path_of_the_client_gets_its_page() {
    let (app, _folder) = with_files().await;
    for path in ["/", "/index.html", "/notebooks/1/conversations/2", "/apiary"] {
        let page = app.get(path).await;
        assert!(page.ok_text().contains("<title>Collabry</title>"), "{path}");
        assert_eq!((page.header("content-type"), page.header("cache-control")), ("text/html", "no-cache"), "{path}");
        assert_safe(&page);
    }
    app.get("/icon.svg").await.ok_text();
    assert_eq!(app.get("/icon.svg").await.header("cache-control"), "no-cache");
    assert!(!app.get("/..%2f..%2fetc%2fpasswd").await.text().contains("root:"));
}

/// nginx serves the same files.
#[tokio::test]
async fn nginx_sends_the_headers_that_we_send() {
    let (app, _folder) = with_files().await;
    let page = app.get("/").await;
    let conf = concat!(env!("CARGO_MANIFEST_DIR"), "/../nginx/page.conf");
    let conf = std::fs::read_to_string(conf).unwrap();
    let headers = conf.lines().filter_map(|line| line.strip_prefix("add_header ")?.strip_suffix(" always;"));
    let mut compared = 0;
    for (name, value) in headers.map(|header| header.split_once(' ').unwrap()) {
        // Whoever ends TLS says it.
        if name != "Strict-Transport-Security" {
            assert_eq!(value.trim_matches('"'), page.header(&name.to_lowercase()), "{name}");
            compared += 1;
        }
    }
    assert_eq!(compared, 5);
}

#[tokio::test]
async fn files_that_are_named_by_their_content_are_kept_for_ever() {
    let (app, _folder) = with_files().await;
    let script = app.get("/assets/app-1a2b.js").await;
    script.ok_text();
    assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(script.header("content-type"), "text/javascript");
    assert_safe(&script);
    let known =
        app.request(Method::GET, "/assets/app-1a2b.js").header("if-modified-since", script.header("last-modified"));
    let unchanged = app.send(known).await;
    assert_eq!(unchanged.status, 304);
    assert_eq!(unchanged.header("cache-control"), "public, max-age=31536000, immutable");
    // Asked for by a page from before an update: the wrong file must not be kept under its name.
    let gone = app.get("/assets/app-0000.js").await;
    assert_eq!((gone.status.as_u16(), gone.header("cache-control")), (404, "no-cache"));
}

#[tokio::test]
async fn pages_are_compressed_for_those_who_can_read_it() {
    let (app, _folder) = with_files().await;
    let raw = collabry_shared::http::client().no_gzip().no_proxy().build().unwrap();
    let answer = raw.get(app.url("/")).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    let answer = raw.get(app.url("/")).send().await.unwrap();
    assert!(!answer.headers().contains_key("content-encoding"));
}

#[tokio::test]
async fn the_api_needs_no_web_client() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/").await.status, 404);
    app.register("ada").await.get("/api/auth/me").await.ok(200);
}
