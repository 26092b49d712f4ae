//! One line and one span for each request: what was asked, by whom, how it ended, how long it took. No bodies, no query
//! strings, no secrets, and of people only their ids, as in the [audit](crate::audit)'s lines.

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use collabry_shared::health::requests::UNMATCHED;
use collabry_shared::telemetry::trace;
use tokio::time::Instant;
use tower_http::request_id::RequestId;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use crate::audit::Trail;
use crate::http::problems::under_api;
use crate::state::ApiState;
use crate::web::HASHED;

const SOCKETS: &str = "/socket.io/";
const FILES: &str = "files";

pub async fn log(State(state): State<ApiState>, mut request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let endpoint = endpoint(&request).to_owned();
    // Static files and sockets are not worth a line; events of sockets have spans of their own.
    let quiet = [SOCKETS, FILES].contains(&endpoint.as_str());
    let span = if quiet { Span::none() } else { span(&request, &endpoint) };
    let trail = Trail::default();
    request.extensions_mut().insert(trail.clone());
    let answered = async {
        let (running, begun) = (state.metrics.requests.running(), Instant::now());
        let response = next.run(request).await;
        drop(running);
        let (status, took) = (response.status().as_u16(), begun.elapsed());
        state.metrics.requests.answered(&endpoint, method.as_str(), status, took);
        let (ms, (user, address)) = (took.as_millis(), trail.who());
        if quiet {
            tracing::debug!(%method, path = endpoint, status, ms, "request");
        } else if took >= state.config.slow_request {
            tracing::warn!(%method, path = endpoint, status, ms, user, address, slow = true, "request");
        } else {
            tracing::info!(%method, path = endpoint, status, ms, user, address, "request");
        }
        response
    };
    answered.instrument(span).await
}

/// The template of a request's path: bounded, whatever clients ask for.
fn endpoint(request: &Request) -> &str {
    match request.extensions().get::<MatchedPath>().map(MatchedPath::as_str) {
        Some(template) if !template.starts_with(HASHED) => template,
        None if request.uri().path().starts_with(SOCKETS) => SOCKETS,
        None if under_api(request.uri().path()) => UNMATCHED,
        _ => FILES,
    }
}

fn span(request: &Request, endpoint: &str) -> Span {
    let name = format!("{} {endpoint}", request.method());
    let id = request.extensions().get::<RequestId>().map(RequestId::header_value).and_then(text).unwrap_or_default();
    let span =
        tracing::error_span!("request", otel.name = name, otel.kind = "server", trace_id = Empty, request_id = id);
    trace::adopt(
        &span,
        request.headers().get(trace::TRACEPARENT).and_then(text).and_then(|parent| parent.parse().ok()),
    );
    span
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()
}
