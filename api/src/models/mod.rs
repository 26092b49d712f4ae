//! `/api/models`

use axum::Json;
use axum::extract::State;
use collabry_shared::models::{ModelId, ProviderStatus};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Identity;
use crate::http::ApiResult;
use crate::state::ApiState;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ModelList {
    /// What answers when neither the message nor the conversation names a model.
    #[schema(value_type = String, example = "builtin/extractive")]
    default_model: ModelId,
    providers: Vec<ProviderStatus>,
}

/// What the configured providers have now, and how they are
#[utoipa::path(get, operation_id = "listModels", path = "/api/models", tag = "models", responses((status = 200, body = ModelList), (status = 503, description = "`busy`")))]
async fn list(State(state): State<ApiState>, _: Identity) -> ApiResult<Json<ModelList>> {
    let providers = state.engine.models().await?;
    Ok(Json(ModelList { default_model: state.default_model.clone(), providers }))
}
