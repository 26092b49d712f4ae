//! What browsers are told of everything below `/api`: keep nothing, guess nothing, show it in no frame.

use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::problems::under_api;

/// Answers are data: where one is opened as a page, nothing in it runs or loads.
const OF_DATA: &str = "default-src 'none'; frame-ancestors 'none'";
/// The browsable page is served with all that it needs; its library sets styles.
const OF_DOCS: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; \
    object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const DOCS: &str = "/api/docs";

/// Middleware: adds the headers, where an answer has none of its own.
pub async fn safe_headers(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let (ours, docs) = (under_api(path), path == DOCS || path.starts_with("/api/docs/"));
    let mut response = next.run(request).await;
    if ours {
        let policy = if docs { OF_DOCS } else { OF_DATA };
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "same-origin"),
            (header::CONTENT_SECURITY_POLICY, policy),
        ] {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
    }
    response
}
