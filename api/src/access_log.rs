//! One line for each request: what was asked, how it ended, how long it took. No bodies, no query strings, no secrets.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use collabry_shared::http::metrics::UNMATCHED;
use tokio::time::Instant;
use tower_http::request_id::RequestId;

use crate::http::problems::under_api;
use crate::state::ApiState;
use crate::web::HASHED;

pub async fn log(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().filter(|path| !path.as_str().starts_with(HASHED)).cloned();
    let endpoint = matched.as_ref().map_or_else(|| unmatched(request.uri().path()), MatchedPath::as_str);
    let endpoint = endpoint.to_owned();
    let id = request.extensions().get::<RequestId>().map(|id| id.header_value().clone());
    let begun = Instant::now();
    let running = state.metrics.requests.running();
    let response = next.run(request).await;
    drop(running);
    let (status, took) = (response.status().as_u16(), begun.elapsed());
    state.metrics.requests.answered(&endpoint, method.as_str(), status, took);
    // Static files and sockets have no template: they are not worth a line.
    if matched.is_some() {
        let request_id = id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or_default();
        tracing::info!(%method, path = endpoint, status, ms = took.as_millis(), request_id, "request");
    }
    response
}

/// What has no route of its own.
fn unmatched(path: &str) -> &'static str {
    if path.starts_with("/socket.io/") {
        "/socket.io/"
    } else if under_api(path) {
        UNMATCHED
    } else {
        "files"
    }
}
