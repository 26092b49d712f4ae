//! One line for each request that is a security event, or that is refused for want of a right.

use axum::extract::{MatchedPath, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;

use super::{TARGET, Trail, routes};
use crate::http::ApiError;

/// Middleware, within the access log's, whose trail it reads.
pub async fn record(trail: Trail, request: Request, next: Next) -> Response {
    let template = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    let action = routes::action(request.method(), template);
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let response = next.run(request).await;
    let action = match action {
        None if response.status() == StatusCode::FORBIDDEN => "refused",
        None => return response,
        Some(action) => action,
    };
    let outcome = response.extensions().get::<ApiError>().map_or("ok", |error| error.code.name());
    let (actor, address) = trail.who();
    let known = trail.known();
    tracing::info!(
        target: TARGET,
        action,
        actor,
        address,
        object = known.object.as_deref().unwrap_or(&path),
        %method,
        status = response.status().as_u16(),
        outcome,
        "security event"
    );
    drop(known);
    response
}
