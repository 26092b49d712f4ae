//! Logs and measures each request, within a span of its own.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use collabry_shared::health::requests::{Requests, UNMATCHED};
use collabry_shared::telemetry::trace;
use tokio::time::Instant;
use tracing::Instrument as _;
use tracing::field::Empty;

/// Every api polls these, so only failures are worth a line.
const PROBES: [&str; 2] = ["/health", "/ready"];

pub async fn log(State(requests): State<Requests>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let endpoint = request.extensions().get::<MatchedPath>().map_or(UNMATCHED, MatchedPath::as_str).to_owned();
    let name = format!("{method} {endpoint}");
    let span = tracing::error_span!("request", otel.name = name, otel.kind = "server", trace_id = Empty);
    let parent = request.headers().get(trace::TRACEPARENT).and_then(|parent| parent.to_str().ok()?.parse().ok());
    trace::adopt(&span, parent);
    let handled = async {
        let (running, started) = (requests.running(), Instant::now());
        let response = next.run(request).await;
        drop(running);
        let (status, elapsed) = (response.status().as_u16(), started.elapsed());
        requests.answered(&endpoint, method.as_str(), status, elapsed);
        let ms = elapsed.as_millis();
        if PROBES.contains(&endpoint.as_str()) && status < 400 {
            tracing::debug!(%method, path = endpoint, status, ms, "request");
        } else {
            tracing::info!(%method, path = endpoint, status, ms, "request");
        }
        response
    };
    handled.instrument(span).await
}
