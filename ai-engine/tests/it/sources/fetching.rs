//! Web pages, from a server of our own, and addresses that must not be reached.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use collabry_ai_engine::sources::{Fetched, Fetcher};
use collabry_shared::config::ExtractionConfig;
use collabry_shared::sources::{FailureCode, Format};
use futures::stream;
use tokio::net::TcpListener;

use super::config;

const PAGE: &str = "<!doctype html><title>Rivers of Europe</title><h1>Rivers</h1><p>They flow.</p>";

/// A web server on this machine that counts its requests.
pub struct Site {
    address: SocketAddr,
    visits: Arc<AtomicUsize>,
}

impl Site {
    pub async fn start() -> Self {
        let visits = Arc::new(AtomicUsize::new(0));
        let html = |body: Body| ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], body);
        let endless = || stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 8_192])));
        let routes = Router::new()
            .route("/page", get(move || async move { html(PAGE.into()) }))
            .route("/notes.md", get(async || ([(header::CONTENT_TYPE, "text/plain")], "# Notes")))
            .route("/picture", get(async || ([(header::CONTENT_TYPE, "image/png")], "\u{89}PNG")))
            .route("/gone", get(async || (StatusCode::NOT_FOUND, PAGE)))
            .route("/lies", get(async || ([(header::CONTENT_TYPE, "application/pdf")], "no PDF")))
            .route("/endless", get(move || async move { html(Body::from_stream(endless())) }))
            .route("/bomb", get(async || gzip_bomb()))
            .route("/never", get(std::future::pending::<()>))
            .route("/once", get(async || Redirect::temporary("/page")))
            .route("/circle", get(async || Redirect::temporary("/circle")))
            .route("/out", get(redirect_out))
            .layer(axum::middleware::map_request_with_state(visits.clone(), count));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { address, visits }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}

async fn count<B>(State(visits): State<Arc<AtomicUsize>>, request: axum::http::Request<B>) -> axum::http::Request<B> {
    visits.fetch_add(1, Ordering::SeqCst);
    request
}

/// Redirects to the address in the query.
async fn redirect_out(uri: axum::http::Uri) -> Redirect {
    Redirect::temporary(uri.query().unwrap_or_default())
}

/// 64 MiB of one letter in a few kilobytes.
fn gzip_bomb() -> Response {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(&mut std::io::Read::take(std::io::repeat(b'x'), 64 << 20), &mut gzip).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, "text/html".parse().unwrap());
    headers.insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
    (headers, gzip.finish().unwrap()).into_response()
}

fn open_config() -> ExtractionConfig {
    ExtractionConfig { fetch_allow_private: true, max_file_bytes: 1 << 20, ..config() }
}

async fn fetch_with(config: ExtractionConfig, url: &str) -> Result<(Fetched, Vec<u8>), FailureCode> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("input");
    let fetched = Fetcher::new(config).unwrap().fetch(&url.parse().unwrap(), &file).await?;
    Ok((fetched, std::fs::read(file).unwrap()))
}

async fn refusal(config: ExtractionConfig, url: &str) -> Option<FailureCode> {
    fetch_with(config, url).await.err()
}

#[tokio::test]
async fn a_page_is_fetched_through_redirects() {
    let site = Site::start().await;
    let (fetched, bytes) = fetch_with(open_config(), &site.url("/once")).await.unwrap();
    assert_eq!((fetched.format, fetched.size), (Format::Html, PAGE.len() as u64));
    assert_eq!(fetched.url.as_str(), site.url("/page"));
    assert_eq!(bytes, PAGE.as_bytes());
    let (notes, _) = fetch_with(open_config(), &site.url("/notes.md")).await.unwrap();
    assert_eq!(notes.format, Format::Markdown);
}

#[tokio::test]
async fn what_cannot_be_taken_says_why() {
    let site = Site::start().await;
    for (path, expected) in [
        ("/gone", FailureCode::UrlStatus(404)),
        ("/picture", FailureCode::UrlContentType),
        ("/lies", FailureCode::Mislabelled),
        ("/endless", FailureCode::UrlTooLarge),
        ("/bomb", FailureCode::UrlTooLarge),
        ("/circle", FailureCode::UrlTooManyRedirects),
    ] {
        assert_eq!(refusal(open_config(), &site.url(path)).await, Some(expected), "{path}");
    }
    let hasty = ExtractionConfig { fetch_timeout: Duration::from_millis(50), ..open_config() };
    assert_eq!(refusal(hasty, &site.url("/never")).await, Some(FailureCode::UrlTimeout));
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(refusal(open_config(), &format!("http://{closed}/")).await, Some(FailureCode::UrlUnreachable));
}

#[tokio::test]
async fn addresses_inside_are_not_reached() {
    let site = Site::start().await;
    let port = site.address.port();
    for url in [
        site.url("/page"),
        "http://127.0.0.1/".to_owned(),
        "http://2130706433/".to_owned(),
        "http://0x7f.1/".to_owned(),
        "http://[::1]/".to_owned(),
        "http://[::ffff:10.0.0.1]/".to_owned(),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://localhost/".to_owned(),
        "http://8.8.8.8:22/".to_owned(),
        format!("http://example.org:{port}/"),
        "http://user:pass@example.org/".to_owned(),
        "ftp://example.org/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        assert_eq!(refusal(config(), &url).await, Some(FailureCode::UrlNotAllowed), "{url}");
    }
    assert_eq!(site.visits(), 0);
}

#[tokio::test]
async fn redirects_are_checked_like_the_first_address() {
    let site = Site::start().await;
    // Private addresses are open here, so the first step passes; what stays closed shows that the second is checked.
    for target in
        ["http://169.254.169.254/", "http://metadata.google.internal/", "file:///etc/passwd", "http://u:p@127.0.0.1/"]
    {
        let url = site.url(&format!("/out?{target}"));
        assert_eq!(refusal(open_config(), &url).await, Some(FailureCode::UrlNotAllowed), "{target}");
    }
}

/// The machine's own name has a private address, but is not a name that is rejected as such.
#[tokio::test]
async fn names_are_judged_by_the_addresses_behind_them() {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let name = name.trim();
    if tokio::net::lookup_host((name, 80)).await.is_err() {
        return; // a machine that does not know its own name has none to try
    }
    assert_eq!(refusal(config(), &format!("http://{name}/")).await, Some(FailureCode::UrlNotAllowed));
}
