//! One handler for each thing that an api asks; see [`AiEngine`] for what they mean.

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
use super::problem::Problem;

/// What only services may ask.
pub fn secret() -> Router<EngineState> {
    Router::new()
        .route(wire::SEARCH, post(search))
        .route(wire::GENERATIONS, post(start))
        .route("/v1/generations/{id}/stop", post(stop))
        .route(wire::MODELS, get(models))
        .route(wire::SOURCES_CHANGED, post(sources_changed))
        .route("/metrics", get(numbers))
}

/// What anyone may ask: it says nothing but whether the process works.
pub fn open() -> Router<EngineState> {
    Router::new().route("/health", get(health)).route(wire::READY, get(ready))
}

async fn search(
    State(state): State<EngineState>,
    request: Result<Json<SearchRequest>, JsonRejection>,
) -> Result<Json<wire::Hits>, Problem> {
    let hits = state.engine.search(&request?.0).await?;
    Ok(Json(wire::Hits { hits }))
}

/// 202 once it is claimed, also when it was claimed before.
async fn start(
    State(state): State<EngineState>,
    request: Result<Json<wire::Start>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    state.engine.start(request?.id).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn stop(
    State(state): State<EngineState>,
    id: Result<Path<GenerationId>, PathRejection>,
) -> Result<Json<wire::Stopped>, Problem> {
    let stopped = state.engine.stop_generation(id?.0).await?;
    Ok(Json(wire::Stopped { stopped }))
}

async fn models(State(state): State<EngineState>) -> Result<Json<wire::Providers>, Problem> {
    let providers = state.engine.models().await?;
    Ok(Json(wire::Providers { providers }))
}

async fn sources_changed(State(state): State<EngineState>) -> StatusCode {
    state.engine.sources_changed().await;
    StatusCode::NO_CONTENT
}

async fn numbers(State(state): State<EngineState>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], metrics::text([state.health.registry()]))
}

async fn health() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

async fn ready(State(state): State<EngineState>) -> (StatusCode, Json<Readiness>) {
    let readiness = state.health.ready().await;
    (StatusCode::from_u16(readiness.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE), Json(readiness))
}
