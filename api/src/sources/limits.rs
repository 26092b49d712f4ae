//! `/api/limits`: what a client has to know before it sends.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::TAG;
use crate::auth::Identity;
use crate::state::ApiState;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(get))
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UploadLimits {
    /// Bytes of a file at most; more is refused with `upload_too_large`.
    max_upload_bytes: u64,
}

/// How large a file may be
#[utoipa::path(get, operation_id = "getLimits", path = "/api/limits", tag = TAG, responses((status = 200, body = UploadLimits)))]
async fn get(State(state): State<ApiState>, _: Identity) -> Json<UploadLimits> {
    Json(UploadLimits { max_upload_bytes: state.config.max_upload_bytes })
}
