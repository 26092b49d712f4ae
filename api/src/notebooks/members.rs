//! `/api/notebooks/{notebookId}/members`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use collabry_shared::auth::{Email, User};
use collabry_shared::ids::{NotebookId, NotificationId, UserId};
use collabry_shared::notebooks::{Invitation, Member, Role};
use collabry_shared::notifications::{About, Notification};
use collabry_shared::realtime::{Event, Room, Signal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{NotebookAccess, Owner, Viewer};
use crate::auth::CurrentUser;
use crate::http::{ApiError, ApiResult, Body, Params, Problem};
use crate::state::ApiState;

const TAG: &str = "members";

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list, invite)).routes(routes!(set_role, remove)).routes(routes!(withdraw))
}

#[derive(Debug, Serialize, ToSchema)]
struct MemberList {
    members: Vec<Member>,
    invitations: Vec<Invitation>,
    /// Members who are connected now.
    present: Vec<UserId>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct InviteRequest {
    email: String,
    role: Role,
}

#[derive(Debug, Deserialize, ToSchema)]
struct RoleRequest {
    role: Role,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MemberPath {
    user_id: UserId,
}

#[derive(Debug, Deserialize)]
struct InvitationPath {
    email: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Invited {
    Member(Member),
    Invitation(Invitation),
}

/// Members, open invitations, and who is connected
#[utoipa::path(get, operation_id = "listMembers", path = "/api/notebooks/{notebookId}/members", tag = TAG, security(("bearer" = [])), params(("notebookId" = NotebookId, Path)), responses(
    (status = 200, body = MemberList), (status = 404, body = Problem, description = "`not_found`"),
))]
async fn list(State(state): State<ApiState>, access: NotebookAccess<Viewer>) -> ApiResult<Json<MemberList>> {
    let members = state.stores.notebooks.members(access.notebook_id).await?;
    let invitations = state.stores.notebooks.invitations(access.notebook_id).await?;
    let users: Vec<_> = members.iter().map(|member| member.user.id).collect();
    let present = state.presence.online(&users).await;
    Ok(Json(MemberList { members, invitations, present }))
}

/// Invite by e-mail address: someone with an account is a member at once, others when they register
#[utoipa::path(post, operation_id = "inviteMember", path = "/api/notebooks/{notebookId}/members", tag = TAG, security(("bearer" = [])), params(("notebookId" = NotebookId, Path)),
    request_body = InviteRequest, responses(
    (status = 201, body = Invited, description = "A member now"),
    (status = 202, body = Invited, description = "Invited until they register"),
    (status = 403, body = Problem, description = "`role_too_small`"),
    (status = 409, body = Problem, description = "`already_member`"),
    (status = 422, body = Problem, description = "`email_invalid`"),
))]
async fn invite(
    State(state): State<ApiState>,
    access: NotebookAccess<Owner>,
    CurrentUser(inviter): CurrentUser,
    Body(request): Body<InviteRequest>,
) -> ApiResult<Response> {
    let email = Email::parse(&request.email)
        .map_err(|_| ApiError::invalid("email_invalid", "That is not an e-mail address."))?;
    if let Some(user) = state.stores.users.by_email(&email).await? {
        let member = add(&state, access, &user, request.role, &inviter).await?;
        return Ok((StatusCode::CREATED, Json(Invited::Member(member))).into_response());
    }
    let invitation = Invitation {
        notebook_id: access.notebook_id,
        email,
        role: request.role,
        invited_by: inviter.id,
        created_at: state.clock.now(),
    };
    state.stores.notebooks.invite(&invitation).await?;
    members_changed(&state, access.notebook_id).await;
    Ok((StatusCode::ACCEPTED, Json(Invited::Invitation(invitation))).into_response())
}

async fn add(
    state: &ApiState,
    access: NotebookAccess<Owner>,
    user: &User,
    role: Role,
    inviter: &User,
) -> ApiResult<Member> {
    let now = state.clock.now();
    let notebook = state.stores.notebooks.get(access.notebook_id).await?.ok_or_else(ApiError::not_found)?;
    if !state.stores.notebooks.add_member(notebook.id, user.id, role, now).await? {
        return Err(ApiError::conflict("already_member", "They are a member already."));
    }
    joined(state, notebook.id, user.id, role).await;
    let notification = Notification {
        id: NotificationId::new(),
        user_id: user.id,
        about: About::AddedToNotebook { notebook_id: notebook.id, title: notebook.title, by: inviter.name.clone() },
        created_at: now,
        read_at: None,
    };
    state.stores.notifications.create(&notification).await?;
    state.fan_out.emit(Room::User(user.id), Event::NotificationNew { notification }).await;
    Ok(Member { user: user.into(), role, joined_at: now })
}

/// Change a member's role
#[utoipa::path(patch, operation_id = "setMemberRole", path = "/api/notebooks/{notebookId}/members/{userId}", tag = TAG, security(("bearer" = [])),
    params(("notebookId" = NotebookId, Path), ("userId" = UserId, Path)), request_body = RoleRequest, responses(
    (status = 204), (status = 403, body = Problem, description = "`role_too_small`"),
    (status = 409, body = Problem, description = "`last_owner`"),
    (status = 404, body = Problem, description = "`not_found`"),
))]
async fn set_role(
    State(state): State<ApiState>,
    access: NotebookAccess<Owner>,
    Params(path): Params<MemberPath>,
    Body(request): Body<RoleRequest>,
) -> ApiResult<StatusCode> {
    if !state.stores.notebooks.set_role(access.notebook_id, path.user_id, request.role).await? {
        return Err(refused(&state, access.notebook_id, path.user_id).await?);
    }
    members_changed(&state, access.notebook_id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a member, or leave
#[utoipa::path(delete, operation_id = "removeMember", path = "/api/notebooks/{notebookId}/members/{userId}", tag = TAG, security(("bearer" = [])),
    params(("notebookId" = NotebookId, Path), ("userId" = UserId, Path)), responses(
    (status = 204), (status = 403, body = Problem, description = "`role_too_small`"),
    (status = 409, body = Problem, description = "`last_owner`"), (status = 404, body = Problem, description = "`not_found`"),
))]
async fn remove(
    State(state): State<ApiState>,
    access: NotebookAccess<Viewer>,
    Params(path): Params<MemberPath>,
) -> ApiResult<StatusCode> {
    let MemberPath { user_id } = path;
    if user_id != access.user_id && access.role < Role::Owner {
        return Err(ApiError::role_too_small("owner"));
    }
    if !state.stores.notebooks.remove_member(access.notebook_id, user_id).await? {
        return Err(refused(&state, access.notebook_id, user_id).await?);
    }
    let signal = Signal::Membership { notebook_id: access.notebook_id, user_id, role: None };
    state.fan_out.signal(signal).await;
    members_changed(&state, access.notebook_id).await;
    // Who has gone is out of the notebook's room by now.
    let event = Event::MembersChanged { notebook_id: access.notebook_id };
    state.fan_out.emit(Room::User(user_id), event).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Take an invitation back
#[utoipa::path(delete, operation_id = "withdrawInvitation", path = "/api/notebooks/{notebookId}/invitations/{email}", tag = TAG, security(("bearer" = [])),
    params(("notebookId" = NotebookId, Path), ("email" = String, Path)), responses(
    (status = 204), (status = 403, body = Problem, description = "`role_too_small`"),
    (status = 404, body = Problem, description = "`not_found`"),
))]
async fn withdraw(
    State(state): State<ApiState>,
    access: NotebookAccess<Owner>,
    Params(path): Params<InvitationPath>,
) -> ApiResult<StatusCode> {
    let email = Email::parse(&path.email).map_err(|_| ApiError::not_found())?;
    if !state.stores.notebooks.withdraw_invitation(access.notebook_id, &email).await? {
        return Err(ApiError::not_found());
    }
    members_changed(&state, access.notebook_id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Why a change to a member was refused: they are none, or the last owner.
async fn refused(state: &ApiState, notebook_id: NotebookId, user_id: UserId) -> ApiResult<ApiError> {
    Ok(match state.stores.notebooks.role_of(notebook_id, user_id).await? {
        Some(_) => ApiError::conflict("last_owner", "A notebook needs an owner. Make somebody else one first."),
        None => ApiError::not_found(),
    })
}

/// Makes someone a member of the notebooks that their address was invited to. At each sign-in: an invitation may have
/// crossed with the registration.
pub async fn take_up_invitations(state: &ApiState, user: &User) -> ApiResult<()> {
    for notebook in state.stores.notebooks.accept_invitations(&user.email, user.id, state.clock.now()).await? {
        members_changed(state, notebook).await;
    }
    Ok(())
}

/// Lets a new member's sockets in and tells the others.
pub(super) async fn joined(state: &ApiState, notebook_id: NotebookId, user_id: UserId, role: Role) {
    state.fan_out.signal(Signal::Membership { notebook_id, user_id, role: Some(role) }).await;
    members_changed(state, notebook_id).await;
}

async fn members_changed(state: &ApiState, notebook_id: NotebookId) {
    state.fan_out.emit(Room::Notebook(notebook_id), Event::MembersChanged { notebook_id }).await;
}
