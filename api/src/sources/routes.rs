//! `/api/sources`: list, one, retry, delete.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use collabry_shared::ids::{NotebookId, SourceId};
use collabry_shared::realtime::{Event, Room};
use collabry_shared::sources::Source;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::add::announce;
use super::{SourceAccess, TAG};
use crate::http::{ApiError, ApiResult, Problem};
use crate::notebooks::{Editor, NotebookAccess, Viewer};
use crate::state::ApiState;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, delete)).routes(routes!(retry))
}

#[derive(Debug, Serialize, ToSchema)]
struct SourceList {
    sources: Vec<Source>,
}

/// The sources of a notebook, first added first
#[utoipa::path(get, operation_id = "listSources", path = "/api/notebooks/{notebookId}/sources", tag = TAG, security(("bearer" = [])), params(("notebookId" = NotebookId, Path)), responses(
    (status = 200, body = SourceList), (status = 404, body = Problem, description = "`not_found`"),
))]
async fn list(State(state): State<ApiState>, access: NotebookAccess<Viewer>) -> ApiResult<Json<SourceList>> {
    Ok(Json(SourceList { sources: state.stores.sources.list(access.notebook_id).await? }))
}

/// One source
#[utoipa::path(get, operation_id = "getSource", path = "/api/sources/{sourceId}", tag = TAG, security(("bearer" = [])), params(("sourceId" = SourceId, Path)), responses(
    (status = 200, body = Source), (status = 404, body = Problem, description = "`not_found`"),
))]
async fn get(SourceAccess { source, .. }: SourceAccess<Viewer>) -> Json<Source> {
    Json(source)
}

/// Try a failed source again
#[utoipa::path(post, operation_id = "retrySource", path = "/api/sources/{sourceId}/retry", tag = TAG, security(("bearer" = [])), params(("sourceId" = SourceId, Path)), responses(
    (status = 200, body = Source), (status = 403, body = Problem, description = "`role_too_small`"),
    (status = 409, body = Problem, description = "`source_not_failed`"),
    (status = 404, body = Problem, description = "`not_found`"),
))]
async fn retry(
    State(state): State<ApiState>,
    SourceAccess { source, .. }: SourceAccess<Editor>,
) -> ApiResult<Json<Source>> {
    let source = state.stores.sources.retry(source.notebook_id, source.id, state.clock.now()).await?;
    let source = source
        .ok_or_else(|| ApiError::conflict("source_not_failed", "This source has not failed: nothing to retry."))?;
    announce(&state, &source).await;
    Ok(Json(source))
}

/// Delete a source with its text, vectors and file
#[utoipa::path(delete, operation_id = "deleteSource", path = "/api/sources/{sourceId}", tag = TAG, security(("bearer" = [])), params(("sourceId" = SourceId, Path)), responses(
    (status = 204), (status = 403, body = Problem, description = "`role_too_small`"),
    (status = 404, body = Problem, description = "`not_found`"),
))]
async fn delete(
    State(state): State<ApiState>,
    SourceAccess { source, .. }: SourceAccess<Editor>,
) -> ApiResult<StatusCode> {
    if !state.stores.sources.mark_deleted(source.notebook_id, source.id, state.clock.now()).await? {
        return Err(ApiError::not_found());
    }
    let event = Event::SourceDeleted { notebook_id: source.notebook_id, source_id: source.id };
    state.fan_out.emit(Room::Notebook(source.notebook_id), event).await;
    state.engine.sources_changed().await;
    Ok(StatusCode::NO_CONTENT)
}
