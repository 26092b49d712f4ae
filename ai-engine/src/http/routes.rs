//! One handler for each request of an api; see [`AiEngine`] for what they mean.

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use collabry_shared::engine::{AiEngine as _, SearchRequest, wire};
use collabry_shared::health::{Readiness, metrics};
use collabry_shared::ids::GenerationId;

use super::EngineState;
use super::error_response::ErrorResponse;

/// Routes that require the service secret.
pub fn protected() -> Router<EngineState> {
    Router::new()
        .route(wire::SEARCH, post(search))
        .route(wire::GENERATIONS, post(start))
        .route("/v1/generations/{id}/stop", post(stop))
        .route(wire::MODELS, get(models))
        .route(wire::SOURCES_CHANGED, post(sources_changed))
        .route("/metrics", get(metrics_text))
}

/// Routes that are open to anyone: they tell only whether the process works.
pub fn open() -> Router<EngineState> {
    Router::new().route("/health", get(health)).route(wire::READY, get(ready))
}

async fn search(
    State(state): State<EngineState>,
    request: Result<Json<SearchRequest>, JsonRejection>,
) -> Result<Json<wire::Hits>, ErrorResponse> {
    let hits = state.engine.search(&request?.0).await?;
    Ok(Json(wire::Hits { hits }))
}

/// 202 once the generation is claimed, also if it was claimed before.
async fn start(
    State(state): State<EngineState>,
    request: Result<Json<wire::Start>, JsonRejection>,
) -> Result<StatusCode, ErrorResponse> {
    state.engine.start(request?.id).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn stop(
    State(state): State<EngineState>,
    id: Result<Path<GenerationId>, PathRejection>,
) -> Result<Json<wire::StopResponse>, ErrorResponse> {
    let stopped = state.engine.stop_generation(id?.0).await?;
    Ok(Json(wire::StopResponse { stopped }))
}

async fn models(State(state): State<EngineState>) -> Result<Json<wire::Providers>, ErrorResponse> {
    let providers = state.engine.models().await?;
    Ok(Json(wire::Providers { providers }))
}

async fn sources_changed(State(state): State<EngineState>) -> StatusCode {
    state.engine.sources_changed().await;
    StatusCode::NO_CONTENT
}

async fn metrics_text(State(state): State<EngineState>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], metrics::text([state.health.registry()]))
}

async fn health() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

async fn ready(State(state): State<EngineState>) -> (StatusCode, Json<Readiness>) {
    let readiness = state.health.ready().await;
    (StatusCode::from_u16(readiness.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE), Json(readiness))
}
