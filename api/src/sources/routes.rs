//! `/api/sources`: list, one, retry, delete.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use collabry_shared::ids::{NotebookId, SourceId};
use collabry_shared::realtime::{Event, Room};
use collabry_shared::sources::{MAX_RETRIES, Retry, Source};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::add::announce;
use super::{SourceAccess, TAG, queue};
use crate::http::{ApiError, ApiResult, Problem};
use crate::limits::wait;
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
    let mut sources = state.stores.sources.list(access.notebook_id).await?;
    queue::say_what_is_ahead(&state, &mut sources).await;
    Ok(Json(SourceList { sources }))
}

/// One source
#[utoipa::path(get, operation_id = "getSource", path = "/api/sources/{sourceId}", tag = TAG, security(("bearer" = [])), params(("sourceId" = SourceId, Path)), responses(
    (status = 200, body = Source), (status = 404, body = Problem, description = "`not_found`"),
))]
async fn get(State(state): State<ApiState>, SourceAccess { mut source, .. }: SourceAccess<Viewer>) -> Json<Source> {
    queue::say_what_is_ahead(&state, std::slice::from_mut(&mut source)).await;
    Json(source)
}

/// Try a failed source again
#[utoipa::path(post, operation_id = "retrySource", path = "/api/sources/{sourceId}/retry", tag = TAG, security(("bearer" = [])), params(("sourceId" = SourceId, Path)), responses(
    (status = 200, body = Source), (status = 403, body = Problem, description = "`role_too_small`"),
    (status = 409, body = Problem, description = "`source_not_failed`, `retries_exhausted`"),
    (status = 429, body = Problem, description = "`retry_too_soon`, `rate_limited`"),
    (status = 404, body = Problem, description = "`not_found`"),
))]
async fn retry(
    State(state): State<ApiState>,
    SourceAccess { source, user_id, .. }: SourceAccess<Editor>,
) -> ApiResult<Json<Source>> {
    let now = state.clock.now();
    match state.stores.sources.retry(source.notebook_id, source.id, user_id, now).await? {
        Retry::Queued(source) => Ok(Json(announce(&state, *source).await)),
        Retry::NotFailed => {
            Err(ApiError::conflict("source_not_failed", "This source has not failed: nothing to retry."))
        }
        Retry::TooSoon(again_at) => Err(too_soon(now, again_at)),
        Retry::Exhausted => Err(ApiError::conflict(
            "retries_exhausted",
            format!("This source failed after {MAX_RETRIES} retries. Mend the file and upload it again."),
        )),
    }
}

fn too_soon(now: Timestamp, again_at: Timestamp) -> ApiError {
    let seconds = u32::try_from(again_at.duration_since(now).as_secs()).unwrap_or_default() + 1;
    let sentence = format!("This source failed just now. Try it again in {}.", wait(seconds));
    let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "retry_too_soon", sentence);
    ApiError { retry_after: Some(seconds), ..error }
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
