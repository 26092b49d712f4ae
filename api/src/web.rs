//! The web client's files, with the headers that keep it safe.

use std::path::Path;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use tower_http::services::{ServeDir, ServeFile};

use crate::http::ApiError;
use crate::http::problems::under_api;
use crate::state::ApiState;

/// Nothing is loaded from elsewhere, no script is inline; inline styles are what the UI library sets.
const CSP: &str = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; \
    connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// `Strict-Transport-Security` is for whoever ends TLS.
const OTHERS: [(&str, &str); 2] =
    [("cross-origin-opener-policy", "same-origin"), ("permissions-policy", "camera=(), microphone=(), geolocation=()")];
/// Vite names these files by their content.
pub const HASHED: &str = "/assets";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_FIRST: &str = "no-cache";

/// Files of `dir`; any other path outside the API is the client's own and gets `index.html`. A hashed file that is gone
/// is 404: whoever asks for it holds an old page, and must not keep `index.html` under that name.
pub fn router(dir: &Path) -> Router<ApiState> {
    let hashed = ServeDir::new(dir.join("assets")).precompressed_gzip();
    let files = ServeDir::new(dir).precompressed_gzip().fallback(ServeFile::new(dir.join("index.html")));
    Router::new().nest_service(HASHED, hashed).fallback_service(files).layer(middleware::from_fn(headers))
}

async fn headers(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if under_api(path) {
        return ApiError::not_found().into_response();
    }
    let hashed = path.starts_with(HASHED);
    let mut response = next.run(request).await;
    let found = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let caching = if hashed && found { FOR_EVER } else { ASK_FIRST };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    for (name, value) in OTHERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
