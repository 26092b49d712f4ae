//! Join codes: whoever has one may come in.

use axum::Json;
use axum::extract::State;
use collabry_shared::ids::NotebookId;
use collabry_shared::notebooks::{JoinCode, Role};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::routes::NotebookView;
use super::{NotebookAccess, Owner, codes};
use crate::audit::Trail;
use crate::auth::Identity;
use crate::http::{ApiError, ApiResult, Body, Code};
use crate::state::ApiState;

const TAG: &str = "members";

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(renew, switch_off)).routes(routes!(join))
}

#[derive(Debug, Deserialize, ToSchema)]
struct CodeRequest {
    /// What those who join with the code become; not `owner`.
    role: Role,
    /// How many people it lets in; null or absent: as many as have it.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000)]
    uses: Option<u32>,
}

/// More people than one code is for.
const MOST_USES: u32 = 1000;

#[derive(Debug, Deserialize, ToSchema)]
struct JoinRequest {
    #[schema(example = "7QK3M9ZT2A")]
    code: String,
}

/// Make a new join code, which works for 30 days; the one before no longer does
#[utoipa::path(put, operation_id = "renewJoinCode", path = "/api/notebooks/{notebookId}/join-code", tag = TAG, params(("notebookId" = NotebookId, Path)),
    request_body = CodeRequest, responses((status = 200, body = NotebookView), (status = 403, description = "`role_too_small`"),
    (status = 422, description = "`role_invalid`, `validation`")))]
async fn renew(
    State(state): State<ApiState>,
    access: NotebookAccess<Owner>,
    Body(request): Body<CodeRequest>,
) -> ApiResult<Json<NotebookView>> {
    if request.role == Role::Owner {
        return Err(ApiError::field(Code::RoleInvalid, "role", "A join code can add viewers or editors only."));
    }
    if request.uses.is_some_and(|uses| !(1..=MOST_USES).contains(&uses)) {
        return Err(ApiError::field(Code::Validation, "uses", "Use a number from 1 to 1000."));
    }
    set(&state, access, Some(codes::join_code(request.role, request.uses, state.clock.now()))).await
}

/// Switch the join code off
#[utoipa::path(delete, operation_id = "switchOffJoinCode", path = "/api/notebooks/{notebookId}/join-code", tag = TAG, params(("notebookId" = NotebookId, Path)),
    responses(
    (status = 403, description = "`role_too_small`"), (status = 200, body = NotebookView)))]
async fn switch_off(State(state): State<ApiState>, access: NotebookAccess<Owner>) -> ApiResult<Json<NotebookView>> {
    set(&state, access, None).await
}

async fn set(state: &ApiState, access: NotebookAccess<Owner>, code: Option<JoinCode>) -> ApiResult<Json<NotebookView>> {
    let notebook = state.stores.members.set_join_code(access.notebook_id, code.as_ref()).await?;
    Ok(Json(NotebookView::new(notebook.ok_or_else(ApiError::not_found)?, access.role)))
}

/// Join a notebook with its code, or with that of an invitation
#[utoipa::path(post, operation_id = "joinNotebook", path = "/api/notebooks/join", tag = TAG, request_body = JoinRequest, responses(
    (status = 200, body = NotebookView), (status = 403, description = "`member_removed`"),
    (status = 404, description = "`join_code_unknown`"),
    (status = 409, description = "`too_many_members`"),
))]
async fn join(
    State(state): State<ApiState>,
    identity: Identity,
    trail: Trail,
    Body(request): Body<JoinRequest>,
) -> ApiResult<Json<NotebookView>> {
    let ticket = codes::look_up(&state, &request.code).await?;
    trail.about(ticket.notebook_id());
    let (notebook, role) = codes::enter(&state, ticket, identity.user_id).await?;
    Ok(Json(NotebookView::new(notebook, role)))
}
