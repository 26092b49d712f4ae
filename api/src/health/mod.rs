//! `/health` says that the process is alive, `/ready` whether it can serve, with the latency of each dependency.

pub mod checked;
mod source;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use collabry_shared::health::Readiness;
use serde::Serialize;

pub use self::source::ApiHealth;
use crate::state::ApiState;

pub fn router() -> Router<ApiState> {
    Router::new().route("/health", get(health)).route("/ready", get(ready))
}

#[derive(Debug, Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
}

async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

async fn ready(State(state): State<ApiState>) -> (StatusCode, Json<Readiness>) {
    let dependencies = state.ready.lately(source::dependencies(&state)).await;
    let readiness = Readiness::of(state.draining.is_cancelled(), dependencies).with_notes(state.notices.notes());
    (StatusCode::from_u16(readiness.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE), Json(readiness))
}
