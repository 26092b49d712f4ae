//! `/api/sources`: list, one, retry, delete.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use collabry_shared::ids::{NotebookId, SourceId};
use collabry_shared::pages::Place;
use collabry_shared::realtime::{Event, Room};
use collabry_shared::sources::{IngestState, MAX_RETRIES, Retry, Source, SourceState};
use collabry_shared::text::Line;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::add::announce;
use super::{SourceAccess, TAG, queue, room};
use crate::auth::Identity;
use crate::http::{ApiError, ApiResult, Body, Code, List, PageQuery, Params, Query, Seen, page};
use crate::limits::wait;
use crate::notebooks::{Editor, NotebookAccess, Viewer};
use crate::state::ApiState;
use crate::text::{Needle, headline};

const MAX_NAME_CHARS: usize = 200;
/// How often a source is looked at for whoever waits for it.
const LOOKS_AGAIN: Duration = Duration::from_millis(250);

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, rename, delete))
        .routes(routes!(retry))
        .routes(routes!(restore))
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ListedSource {
    #[serde(flatten)]
    source: Source,
    /// Null but in the list of what was deleted.
    #[serde(serialize_with = "collabry_shared::clock::wire::optional")]
    deleted_at: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SourceList {
    sources: Vec<ListedSource>,
    /// `cursor` of the next page; null on the last page.
    next: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SourceFilter {
    /// Only those whose name has this, in any case and with or without accents.
    #[param(max_length = 200, nullable = false)]
    q: Option<String>,
    /// Only those whose newest version is there: `queued`, `fetch`, `extract`, `chunk`, `embed`, `ready` or `failed`.
    #[param(nullable = false, example = "ready")]
    step: Option<String>,
    /// In their place those that were deleted and can still be brought back, last deleted first.
    #[serde(default)]
    #[param(default = false, nullable = false)]
    deleted: bool,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wait {
    /// Seconds to wait at most until the newest version is `ready` or `failed`.
    #[param(minimum = 0, maximum = 60, default = 0, nullable = false)]
    wait: Option<u32>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct SourceRename {
    /// What people see.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

/// The sources of a notebook, first added first
#[utoipa::path(get, operation_id = "listSources", path = "/api/notebooks/{notebookId}/sources", tag = TAG, params(("notebookId" = NotebookId, Path), PageQuery, SourceFilter), responses(
    (status = 200, body = SourceList),
    (status = 422, description = "`validation`, `cursor_invalid`"),
))]
async fn list(
    State(state): State<ApiState>,
    access: NotebookAccess<Viewer>,
    Query(query): Query<PageQuery>,
    Query(filter): Query<SourceFilter>,
) -> ApiResult<Json<SourceList>> {
    if let Some(step) = filter.step.as_deref().filter(|step| !IngestState::STEPS.contains(step)) {
        let detail = format!("`step` is one of {}, not `{}`.", IngestState::STEPS.join(", "), headline(step, 20));
        return Err(ApiError::field(Code::Validation, "step", detail));
    }
    let wanted = Needle::new(filter.q.as_deref());
    let (stored, notebook) = (&state.stores.sources, access.notebook_id);
    let read = async |window| {
        if filter.deleted {
            let deleted = stored.deleted_in(notebook, &window).await?;
            return Ok(deleted.into_iter().map(|(one, at)| (one, Some(at))).collect());
        }
        Ok(stored.list_page(notebook, &window).await?.into_iter().map(|one| (one, None)).collect())
    };
    let show = |(one, deleted_at): (Source, Option<Timestamp>)| {
        let at_step = filter.step.as_deref().is_none_or(|step| one.latest.state.step() == step);
        (at_step && wanted.is_in(&one.name)).then_some((one, deleted_at))
    };
    let place =
        |(one, deleted_at): &(Source, Option<Timestamp>)| Place::new(deleted_at.unwrap_or(one.created_at), &one.id);
    let list = List::new("sources", notebook, &(&filter.q, &filter.step, filter.deleted));
    let (listed, next) = page(&query, list, read, show, place).await?;
    let (mut sources, deleted): (Vec<_>, Vec<_>) = listed.into_iter().unzip();
    queue::say_what_is_ahead(&state, &mut sources).await;
    let sources = sources.into_iter().zip(deleted).map(|(source, deleted_at)| ListedSource { source, deleted_at });
    Ok(Json(SourceList { sources: sources.collect(), next }))
}

/// One source
///
/// With `wait` the answer comes once the newest version is `ready` or `failed`, and at the latest after so many seconds, with
/// whatever it is then.
#[utoipa::path(get, operation_id = "getSource", path = "/api/sources/{sourceId}", tag = TAG, params(("sourceId" = SourceId, Path), Wait), responses(
    (status = 200, body = Source),
))]
async fn get(
    State(state): State<ApiState>,
    SourceAccess { source, user_id, .. }: SourceAccess<Viewer>,
    Query(Wait { wait }): Query<Wait>,
) -> ApiResult<Json<Source>> {
    let patience = Duration::from_secs(wait.unwrap_or_default().into());
    let mut source = settled(&state, source, patience).await?;
    // Members are removed meanwhile.
    NotebookAccess::<Viewer>::prove(&state, user_id, source.notebook_id).await?;
    queue::say_what_is_ahead(&state, std::slice::from_mut(&mut source)).await;
    Ok(Json(source))
}

/// The source as it is once nothing more happens to it, or when patience or this process ends.
async fn settled(state: &ApiState, mut source: Source, patience: Duration) -> ApiResult<Source> {
    let end = Instant::now() + patience;
    while !source.latest.state.is_final() && Instant::now() < end {
        tokio::select! {
            () = state.draining.cancelled() => break,
            () = tokio::time::sleep_until(end.min(Instant::now() + LOOKS_AGAIN)) => {}
        }
        source = state.stores.sources.get(source.notebook_id, source.id).await?.ok_or_else(ApiError::not_found)?;
    }
    Ok(source)
}

/// Rename a source
#[utoipa::path(patch, operation_id = "renameSource", path = "/api/sources/{sourceId}", tag = TAG, params(("sourceId" = SourceId, Path)),
    request_body = SourceRename, responses(
    (status = 200, body = Source), (status = 403, description = "`role_too_small`"),
    (status = 422, description = "`name_invalid`"),
))]
async fn rename(
    State(state): State<ApiState>,
    SourceAccess { source, .. }: SourceAccess<Editor>,
    Seen(seen): Seen<SourceState>,
    Body(request): Body<SourceRename>,
) -> ApiResult<Json<Source>> {
    let name = Line::<MAX_NAME_CHARS>::parse(&request.name)
        .ok_or_else(|| ApiError::from(Code::NameInvalid).of_field("name"))?;
    let renamed = state.stores.sources.rename(source.notebook_id, source.id, seen.as_ref(), name.as_str()).await?;
    let mut source = renamed.ok_or_else(ApiError::not_found)?;
    queue::say_what_is_ahead(&state, std::slice::from_mut(&mut source)).await;
    let event = Event::SourceStatus { source: source.clone() };
    state.coordination.fan_out.emit(Room::Notebook(source.notebook_id), event).await;
    Ok(Json(source))
}

/// Try a failed source again
#[utoipa::path(post, operation_id = "retrySource", path = "/api/sources/{sourceId}/retry", tag = TAG, params(("sourceId" = SourceId, Path)), responses(
    (status = 200, body = Source), (status = 403, description = "`role_too_small`"),
    (status = 409, description = "`source_not_failed`, `retries_exhausted`"),
    (status = 429, description = "`retry_too_soon`, `rate_limited`"),
))]
async fn retry(
    State(state): State<ApiState>,
    SourceAccess { source, user_id, .. }: SourceAccess<Editor>,
) -> ApiResult<Json<Source>> {
    let now = state.clock.now();
    match state.stores.ingest_queue.retry(source.notebook_id, source.id, user_id, now).await? {
        Retry::Queued(source) => Ok(Json(announce(&state, *source).await)),
        Retry::NotFailed => Err(ApiError::from(Code::SourceNotFailed)),
        Retry::TooSoon(again_at) => Err(too_soon(now, again_at)),
        Retry::Exhausted => Err(ApiError::new(
            Code::RetriesExhausted,
            format!("This source failed after {MAX_RETRIES} retries. Fix the file and upload it again."),
        )),
    }
}

fn too_soon(now: Timestamp, again_at: Timestamp) -> ApiError {
    let seconds = u32::try_from(again_at.duration_since(now).as_secs()).unwrap_or_default() + 1;
    let sentence = format!("This source failed just now. Try it again in {}.", wait(seconds));
    let error = ApiError::new(Code::RetryTooSoon, sentence);
    ApiError { retry_after: Some(seconds), ..error }
}

/// Bring a deleted source back
#[utoipa::path(post, operation_id = "restoreSource", path = "/api/sources/{sourceId}/restore", tag = TAG, params(("sourceId" = SourceId, Path)), responses(
    (status = 200, body = Source), (status = 403, description = "`role_too_small`"),
    (status = 404, description = "`not_found`: it is not deleted, or was purged"),
    (status = 409, description = "`too_many_sources`, `storage_share_spent`"),
    (status = 507, description = "`storage_full`"),
))]
async fn restore(
    State(state): State<ApiState>,
    identity: Identity,
    Params(id): Params<SourceId>,
) -> ApiResult<Json<Source>> {
    let deleted = state.stores.sources.deleted_one(id).await?.ok_or_else(ApiError::not_found)?;
    NotebookAccess::<Editor>::prove(&state, identity.user_id, deleted.notebook_id).await?;
    let alone = room::take(&state, deleted.created_by, true, 0).await?;
    let restored = state.stores.sources.restore(id).await?.ok_or_else(ApiError::not_found)?;
    drop(alone);
    Ok(Json(announce(&state, restored).await))
}

/// Delete a source with its text, vectors and file
///
/// It can be brought back until it is purged, some days later.
#[utoipa::path(delete, operation_id = "deleteSource", path = "/api/sources/{sourceId}", tag = TAG, params(("sourceId" = SourceId, Path)), responses(
    (status = 204), (status = 403, description = "`role_too_small`"),
))]
async fn delete(
    State(state): State<ApiState>,
    SourceAccess { source, .. }: SourceAccess<Editor>,
    Seen(seen): Seen<SourceState>,
) -> ApiResult<StatusCode> {
    let (sources, now) = (&state.stores.sources, state.clock.now());
    if !sources.mark_deleted(source.notebook_id, source.id, seen.as_ref(), now).await? {
        return Err(ApiError::not_found());
    }
    let event = Event::SourceDeleted { notebook_id: source.notebook_id, source_id: source.id };
    state.coordination.fan_out.emit(Room::Notebook(source.notebook_id), event).await;
    state.engine.sources_changed().await;
    Ok(StatusCode::NO_CONTENT)
}
