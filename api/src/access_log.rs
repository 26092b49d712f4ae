//! One line for each request: what was asked, how it ended, how long it took. No bodies, no query strings, no secrets.

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use tower_http::request_id::RequestId;

use crate::state::ApiState;

pub async fn log(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let id = request.extensions().get::<RequestId>().map(|id| id.header_value().clone());
    let start = state.clock.now();
    let response = next.run(request).await;
    // Static files and sockets have no template: they are not worth a line.
    if let Some(path) = path {
        let took = state.clock.now().duration_since(start);
        let request_id = id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or_default();
        state.requests.get_or_create(&[("status", class(response.status()))]).inc();
        tracing::info!(%method, path, status = response.status().as_u16(), ms = took.as_millis(), request_id, "request");
    }
    response
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        0..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
