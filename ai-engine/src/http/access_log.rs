//! One line and one span for each request, and its part in the numbers.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use collabry_shared::health::requests::{Requests, UNMATCHED};
use collabry_shared::telemetry::trace;
use tokio::time::Instant;
use tracing::Instrument as _;
use tracing::field::Empty;

/// Every api asks these again and again: only a no is worth a line.
const PROBES: [&str; 2] = ["/health", "/ready"];

pub async fn log(State(requests): State<Requests>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let endpoint = request.extensions().get::<MatchedPath>().map_or(UNMATCHED, MatchedPath::as_str).to_owned();
    let name = format!("{method} {endpoint}");
    let span = tracing::error_span!("request", otel.name = name, otel.kind = "server", trace_id = Empty);
    let parent = request.headers().get(trace::TRACEPARENT).and_then(|parent| parent.to_str().ok()?.parse().ok());
    trace::adopt(&span, parent);
    let answered = async {
        let (running, begun) = (requests.running(), Instant::now());
        let response = next.run(request).await;
        drop(running);
        let (status, took) = (response.status().as_u16(), begun.elapsed());
        requests.answered(&endpoint, method.as_str(), status, took);
        let ms = took.as_millis();
        if PROBES.contains(&endpoint.as_str()) && status < 400 {
            tracing::debug!(%method, path = endpoint, status, ms, "request");
        } else {
            tracing::info!(%method, path = endpoint, status, ms, "request");
        }
        response
    };
    answered.instrument(span).await
}
