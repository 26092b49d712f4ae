//! `/api/ai/generations`

use axum::Json;
use axum::extract::State;
use collabry_shared::generations::Generation;
use collabry_shared::ids::GenerationId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{GenerationAccess, TAG};
use crate::http::ApiResult;
use crate::state::ApiState;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(get)).routes(routes!(stop))
}

#[derive(Debug, Serialize, ToSchema)]
struct StopResult {
    /// `false`: it was over already.
    stopped: bool,
}

/// One generation
#[utoipa::path(get, operation_id = "getGeneration", path = "/api/ai/generations/{generationId}", tag = TAG, params(("generationId" = GenerationId, Path)), responses(
    (status = 200, body = Generation),
))]
async fn get(GenerationAccess(generation): GenerationAccess) -> Json<Generation> {
    Json(generation)
}

/// Stop a generation; the text so far becomes the answer
#[utoipa::path(post, operation_id = "stopGeneration", path = "/api/ai/generations/{generationId}/stop", tag = TAG, params(("generationId" = GenerationId, Path)), responses(
    (status = 200, body = StopResult),
))]
async fn stop(
    State(state): State<ApiState>,
    GenerationAccess(generation): GenerationAccess,
) -> ApiResult<Json<StopResult>> {
    let stopped = state.engine.stop_generation(generation.id).await?;
    Ok(Json(StopResult { stopped }))
}
