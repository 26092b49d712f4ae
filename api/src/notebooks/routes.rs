//! `/api/notebooks`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use collabry_shared::ids::{NotebookId, UserId};
use collabry_shared::locks::{Lock, LockGuard};
use collabry_shared::notebooks::{JoinCode, Notebook, NotebookState, Role, Title};
use collabry_shared::pages::Place;
use collabry_shared::realtime::{Event, Room, Signal};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{NotebookAccess, Owner, Viewer};
use crate::auth::Identity;
use crate::bounds;
use crate::http::{ApiError, ApiResult, Body, Code, Created, List, PageQuery, Params, Query, Seen, created, page};
use crate::state::ApiState;
use crate::text::Needle;

const TAG: &str = "notebooks";

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, rename, delete)).routes(routes!(restore))
}

/// A notebook as its member sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotebookView {
    id: NotebookId,
    title: String,
    /// The caller's role.
    role: Role,
    /// For owners only.
    join_code: Option<JoinCode>,
    #[serde(serialize_with = "collabry_shared::clock::wire::time")]
    created_at: Timestamp,
    #[serde(serialize_with = "collabry_shared::clock::wire::time")]
    updated_at: Timestamp,
    /// Null but in the list of what was deleted.
    #[serde(serialize_with = "collabry_shared::clock::wire::optional")]
    deleted_at: Option<Timestamp>,
}

impl NotebookView {
    pub fn new(notebook: Notebook, role: Role) -> Self {
        Self {
            id: notebook.id,
            title: notebook.title.into(),
            role,
            join_code: notebook.join_code.filter(|_| role == Role::Owner),
            created_at: notebook.created_at,
            updated_at: notebook.updated_at,
            deleted_at: None,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct NotebookList {
    notebooks: Vec<NotebookView>,
    /// `cursor` of the next page; null on the last page.
    next: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct NotebookFilter {
    /// Only those whose title has this, in any case and with or without accents.
    #[param(max_length = 200, nullable = false)]
    q: Option<String>,
    /// In their place those that the caller owned and deleted, and that can still be brought back, last deleted first.
    #[serde(default)]
    #[param(default = false, nullable = false)]
    deleted: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
struct NotebookTitle {
    #[schema(min_length = 1, max_length = 120)]
    title: String,
}

impl NotebookTitle {
    fn parse(&self) -> ApiResult<Title> {
        Title::parse(&self.title).ok_or_else(|| ApiError::from(Code::TitleInvalid).of_field("title"))
    }
}

/// The caller's notebooks, last changed first
#[utoipa::path(get, operation_id = "listNotebooks", path = "/api/notebooks", tag = TAG, params(PageQuery, NotebookFilter), responses(
    (status = 200, body = NotebookList), (status = 422, description = "`validation`, `cursor_invalid`"),
))]
async fn list(
    State(state): State<ApiState>,
    identity: Identity,
    Query(query): Query<PageQuery>,
    Query(filter): Query<NotebookFilter>,
) -> ApiResult<Json<NotebookList>> {
    let wanted = Needle::new(filter.q.as_deref());
    let (theirs, user) = (&state.stores.notebooks, identity.user_id);
    let read = async |window| {
        if filter.deleted {
            let view =
                |(notebook, at)| NotebookView { deleted_at: Some(at), ..NotebookView::new(notebook, Role::Owner) };
            return Ok(theirs.deleted_of(user, &window).await?.into_iter().map(view).collect());
        }
        let theirs = theirs.list_page(user, &window).await?;
        Ok(theirs.into_iter().map(|(notebook, role)| NotebookView::new(notebook, role)).collect())
    };
    let show = |one: NotebookView| wanted.is_in(&one.title).then_some(one);
    let place = |one: &NotebookView| Place::new(one.deleted_at.unwrap_or(one.updated_at), &one.id);
    let list = List::new("notebooks", user, &(&filter.q, filter.deleted));
    let (notebooks, next) = page(&query, list, read, show, place).await?;
    Ok(Json(NotebookList { notebooks, next }))
}

/// Make a notebook; the caller owns it
#[utoipa::path(post, operation_id = "createNotebook", path = "/api/notebooks", tag = TAG, request_body = NotebookTitle, responses(
    (status = 201, body = NotebookView), (status = 409, description = "`too_many_notebooks`"),
    (status = 422, description = "`title_invalid`"),
))]
async fn create(
    State(state): State<ApiState>,
    identity: Identity,
    Body(request): Body<NotebookTitle>,
) -> ApiResult<Created<NotebookView>> {
    let title = request.parse()?;
    let alone = may_own_another(&state, identity.user_id).await?;
    let now = state.clock.now();
    let notebook = Notebook {
        id: NotebookId::new(),
        title,
        join_code: None,
        created_by: identity.user_id,
        created_at: now,
        updated_at: now,
    };
    state.stores.notebooks.create(&notebook).await?;
    drop(alone);
    let role = Some(Role::Owner);
    let signal = Signal::Membership { notebook_id: notebook.id, user_id: identity.user_id, role };
    state.coordination.fan_out.signal(signal).await;
    Ok(created(format!("/api/notebooks/{}", notebook.id), NotebookView::new(notebook, Role::Owner)))
}

/// To be held until it is there.
async fn may_own_another(state: &ApiState, user: UserId) -> ApiResult<LockGuard> {
    let alone = bounds::alone(state, Lock::Notebooks(user)).await?;
    let owned = usize::try_from(state.stores.notebooks.count_owned(user).await?).unwrap_or(usize::MAX);
    bounds::check(owned, state.config.bounds.notebooks, Code::TooManyNotebooks, "notebooks of yours")?;
    Ok(alone)
}

/// One notebook
#[utoipa::path(get, operation_id = "getNotebook", path = "/api/notebooks/{notebookId}", tag = TAG, params(("notebookId" = NotebookId, Path)), responses(
    (status = 200, body = NotebookView),
))]
async fn get(State(state): State<ApiState>, access: NotebookAccess<Viewer>) -> ApiResult<Json<NotebookView>> {
    let notebook = state.stores.notebooks.get(access.notebook_id).await?.ok_or_else(ApiError::not_found)?;
    Ok(Json(NotebookView::new(notebook, access.role)))
}

/// Rename a notebook
#[utoipa::path(patch, operation_id = "renameNotebook", path = "/api/notebooks/{notebookId}", tag = TAG, params(("notebookId" = NotebookId, Path)),
    request_body = NotebookTitle, responses(
    (status = 200, body = NotebookView), (status = 403, description = "`role_too_small`"),
    (status = 422, description = "`title_invalid`"),
))]
async fn rename(
    State(state): State<ApiState>,
    access: NotebookAccess<Owner>,
    Seen(seen): Seen<NotebookState>,
    Body(request): Body<NotebookTitle>,
) -> ApiResult<Json<NotebookView>> {
    let (title, now) = (request.parse()?, state.clock.now());
    let renamed = state.stores.notebooks.rename(access.notebook_id, seen.as_ref(), &title, now).await?;
    let notebook = renamed.ok_or_else(ApiError::not_found)?;
    let event = Event::NotebookUpdated { notebook_id: notebook.id, title: notebook.title.to_string() };
    state.coordination.fan_out.emit(Room::Notebook(notebook.id), event).await;
    Ok(Json(NotebookView::new(notebook, access.role)))
}

/// Delete a notebook with everything in it
///
/// It can be brought back until it is purged, some days later.
#[utoipa::path(delete, operation_id = "deleteNotebook", path = "/api/notebooks/{notebookId}", tag = TAG, params(("notebookId" = NotebookId, Path)), responses(
    (status = 204), (status = 403, description = "`role_too_small`"),
))]
async fn delete(
    State(state): State<ApiState>,
    access: NotebookAccess<Owner>,
    Seen(seen): Seen<NotebookState>,
) -> ApiResult<StatusCode> {
    if delete_notebook(&state, access.notebook_id, seen.as_ref()).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found())
    }
}

/// Bring a deleted notebook back with everything in it, but for its join code
#[utoipa::path(post, operation_id = "restoreNotebook", path = "/api/notebooks/{notebookId}/restore", tag = TAG, params(("notebookId" = NotebookId, Path)), responses(
    (status = 200, body = NotebookView), (status = 404, description = "`not_found`: it is not deleted, was purged, or is not the caller's"),
    (status = 409, description = "`too_many_notebooks`"),
))]
async fn restore(
    State(state): State<ApiState>,
    identity: Identity,
    Params(notebook_id): Params<NotebookId>,
) -> ApiResult<Json<NotebookView>> {
    let alone = may_own_another(&state, identity.user_id).await?;
    let restored = state.stores.notebooks.restore(notebook_id, identity.user_id).await?;
    drop(alone);
    let notebook = restored.ok_or_else(ApiError::not_found)?;
    for member in state.stores.members.members(notebook_id).await? {
        // Their sockets may have come meanwhile.
        let signal = Signal::Membership { notebook_id, user_id: member.user.id, role: Some(member.role) };
        state.coordination.fan_out.signal(signal).await;
    }
    let event = Event::NotebookUpdated { notebook_id, title: notebook.title.to_string() };
    state.coordination.fan_out.emit(Room::Notebook(notebook_id), event).await;
    state.engine.sources_changed().await;
    Ok(Json(NotebookView::new(notebook, Role::Owner)))
}

/// Deletes a notebook, if it is as it was seen, and tells its members; `false`: it is gone already.
pub async fn delete_notebook(
    state: &ApiState,
    notebook_id: NotebookId,
    seen: Option<&NotebookState>,
) -> ApiResult<bool> {
    if !state.stores.notebooks.mark_deleted(notebook_id, seen, state.clock.now()).await? {
        return Ok(false);
    }
    state.coordination.fan_out.emit(Room::Notebook(notebook_id), Event::NotebookDeleted { notebook_id }).await;
    state.engine.sources_changed().await;
    Ok(true)
}
