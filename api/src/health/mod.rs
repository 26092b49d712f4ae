//! `/health`: the process lives. `/ready`: it can serve, each dependency with its latency.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use collabry_shared::engine::DependencyStatus;
use jiff::Timestamp;
use serde::Serialize;

use crate::state::ApiState;

pub fn router() -> Router<ApiState> {
    Router::new().route("/health", get(health)).route("/ready", get(ready))
}

#[derive(Debug, Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    draining: bool,
    dependencies: Vec<DependencyStatus>,
}

async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

async fn ready(State(state): State<ApiState>) -> (StatusCode, Json<Readiness>) {
    let draining = state.draining.is_cancelled();
    let mut dependencies = vec![
        probe(&state, "database", async { state.stores.probe.ping().await.map_err(|error| error.to_string()) }).await,
        probe(&state, "blobs", async { state.stores.blobs.ping().await.map_err(|error| error.to_string()) }).await,
    ];
    dependencies.extend(state.engine.ready().await);
    let ready = !draining && dependencies.iter().all(|dependency| dependency.ready);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, draining, dependencies }))
}

async fn probe(state: &ApiState, name: &str, ping: impl Future<Output = Result<(), String>>) -> DependencyStatus {
    let start: Timestamp = state.clock.now();
    let result = ping.await;
    let took = state.clock.now().duration_since(start);
    DependencyStatus {
        name: name.to_owned(),
        ready: result.is_ok(),
        latency_ms: u64::try_from(took.as_millis()).unwrap_or(0),
        problem: result.err(),
    }
}
