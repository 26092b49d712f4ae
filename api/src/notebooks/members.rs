//! `/api/notebooks/{notebookId}/members`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use collabry_shared::auth::Email;
use collabry_shared::ids::{InvitationId, NotebookId, UserId};
use collabry_shared::locks::Lock;
use collabry_shared::notebooks::{Invitation, Member, Role};
use collabry_shared::pages::Place;
use collabry_shared::realtime::{Event, Room, Signal};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{NotebookAccess, Owner, Viewer, codes};
use crate::bounds;
use crate::http::{ApiError, ApiResult, Body, Code, Created, List, PageQuery, Params, Query, accepted, page};
use crate::state::ApiState;

const TAG: &str = "members";

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list, invite)).routes(routes!(set_role, remove)).routes(routes!(withdraw))
}

#[derive(Debug, Serialize, ToSchema)]
struct MemberList {
    members: Vec<MemberView>,
    /// For owners only.
    invitations: Vec<InvitationView>,
    /// Members who are connected now.
    present: Vec<UserId>,
    /// `cursor` of the next page of members; null when there is none.
    next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MemberView {
    user: MemberUser,
    role: Role,
    #[serde(serialize_with = "collabry_shared::clock::wire::time")]
    joined_at: Timestamp,
}

/// What a member may know of another.
#[derive(Debug, Serialize, ToSchema)]
struct MemberUser {
    id: UserId,
    name: String,
    /// For owners only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    email: Option<Email>,
}

impl MemberView {
    fn new(Member { user, role, joined_at }: Member, for_owner: bool) -> Self {
        let user = MemberUser { id: user.id, name: user.name, email: Some(user.email).filter(|_| for_owner) };
        Self { user, role, joined_at }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InvitationView {
    id: InvitationId,
    notebook_id: NotebookId,
    #[schema(value_type = String)]
    email: Email,
    role: Role,
    invited_by: UserId,
    #[serde(serialize_with = "collabry_shared::clock::wire::time")]
    created_at: Timestamp,
    /// When its link stops working; null: it has none, as an earlier version made it. Invite again for one.
    #[serde(serialize_with = "collabry_shared::clock::wire::optional")]
    expires_at: Option<Timestamp>,
}

impl From<Invitation> for InvitationView {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id(),
            notebook_id: invitation.notebook_id,
            email: invitation.email,
            role: invitation.role,
            invited_by: invitation.invited_by,
            created_at: invitation.created_at,
            expires_at: invitation.link.map(|link| link.expires_at),
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
struct InviteRequest {
    email: String,
    /// Not `owner`: make somebody one once they are a member.
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
#[serde(rename_all = "camelCase")]
struct InvitationPath {
    invitation_id: InvitationId,
}

#[derive(Debug, Serialize, ToSchema)]
struct NewInvitation {
    invitation: InvitationView,
    /// Lets one person in, whoever joins with it first; `/join#` and the code make a link. It is not shown again.
    #[schema(example = "7QK3M9ZT2A7QK3M9ZT2A")]
    code: String,
}

/// Members, who is connected, and for owners open invitations
#[utoipa::path(get, operation_id = "listMembers", path = "/api/notebooks/{notebookId}/members", tag = TAG, params(("notebookId" = NotebookId, Path), PageQuery), responses(
    (status = 200, body = MemberList),
    (status = 422, description = "`validation`, `cursor_invalid`"),
))]
async fn list(
    State(state): State<ApiState>,
    access: NotebookAccess<Viewer>,
    Query(query): Query<PageQuery>,
) -> ApiResult<Json<MemberList>> {
    let for_owner = access.role == Role::Owner;
    let (stored, id) = (&state.stores.members, access.notebook_id);
    let invitations = if for_owner { state.stores.invitations.invitations(id).await? } else { Vec::new() };
    let present = state.coordination.presence.online(&stored.member_ids(id).await?).await;
    let read = async |window| stored.members_page(id, &window).await;
    let show = |member| Some(MemberView::new(member, for_owner));
    let list = List::new("members", id, &());
    let (members, next) =
        page(&query, list, read, show, |one: &Member| Place::new(one.joined_at, &one.user.id)).await?;
    let invitations = invitations.into_iter().map(Into::into).collect();
    Ok(Json(MemberList { members, invitations, present, next }))
}

/// Invite somebody by a link
///
/// The answer is the same whether the address has an account or not, and nothing is sent: hand the code over. Whoever
/// joins with it is a member, within 14 days. Invited again, an address has a new code, and the one before is void.
#[utoipa::path(post, operation_id = "inviteMember", path = "/api/notebooks/{notebookId}/members", tag = TAG, params(("notebookId" = NotebookId, Path)),
    request_body = InviteRequest, responses(
    (status = 202, body = NewInvitation),
    (status = 403, description = "`role_too_small`"),
    (status = 409, description = "`already_member`, `too_many_invitations`"),
    (status = 422, description = "`email_invalid`, `role_invalid`"),
))]
async fn invite(
    State(state): State<ApiState>,
    access: NotebookAccess<Owner>,
    Body(request): Body<InviteRequest>,
) -> ApiResult<Created<NewInvitation>> {
    let email = Email::parse(&request.email).map_err(|_| ApiError::from(Code::EmailInvalid).of_field("email"))?;
    if request.role == Role::Owner {
        let detail = "An invitation can add viewers or editors only. Make someone an owner once they are a member.";
        return Err(ApiError::field(Code::RoleInvalid, "role", detail));
    }
    let stored = &state.stores.invitations;
    if state.stores.members.members(access.notebook_id).await?.iter().any(|member| member.user.email == email) {
        return Err(ApiError::from(Code::AlreadyMember));
    }
    let alone = bounds::alone(&state, Lock::Invitations(access.notebook_id)).await?;
    let others = stored.invitations(access.notebook_id).await?;
    let others = others.iter().filter(|invitation| invitation.email != email).count();
    bounds::check(others, state.config.bounds.invitations, Code::TooManyInvitations, "open invitations")?;
    let (code, link) = codes::invitation(state.clock.now());
    let invitation = Invitation {
        notebook_id: access.notebook_id,
        email,
        role: request.role,
        invited_by: access.user_id,
        created_at: state.clock.now(),
        link: Some(link),
    };
    stored.invite(&invitation).await?;
    drop(alone);
    members_changed(&state, access.notebook_id).await;
    let path = format!("/api/notebooks/{}/members", access.notebook_id);
    Ok(accepted(path, NewInvitation { invitation: invitation.into(), code }))
}

/// Change a member's role
///
/// With a smaller one the join code is switched off if it would give them more, as they know it, and an owner's open
/// invitations are withdrawn.
#[utoipa::path(patch, operation_id = "setMemberRole", path = "/api/notebooks/{notebookId}/members/{userId}", tag = TAG,
    params(("notebookId" = NotebookId, Path), ("userId" = UserId, Path)), request_body = RoleRequest, responses(
    (status = 204), (status = 403, description = "`role_too_small`"),
    (status = 409, description = "`last_owner`"),
))]
async fn set_role(
    State(state): State<ApiState>,
    access: NotebookAccess<Owner>,
    Params(path): Params<MemberPath>,
    Body(request): Body<RoleRequest>,
) -> ApiResult<StatusCode> {
    if !state.stores.members.set_role(access.notebook_id, path.user_id, request.role).await? {
        return Err(refused(&state, access.notebook_id, path.user_id).await?);
    }
    members_changed(&state, access.notebook_id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a member, or leave
///
/// Whoever is removed comes back by an invitation only: the join code is switched off, as they know it, invitations that
/// they made are withdrawn, and other codes do not let them in. Whoever leaves may come back with a code.
#[utoipa::path(delete, operation_id = "removeMember", path = "/api/notebooks/{notebookId}/members/{userId}", tag = TAG,
    params(("notebookId" = NotebookId, Path), ("userId" = UserId, Path)), responses(
    (status = 204), (status = 403, description = "`role_too_small`"),
    (status = 409, description = "`last_owner`"),
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
    if user_id == access.user_id {
        leave(&state, access.notebook_id, user_id).await?;
        return Ok(StatusCode::NO_CONTENT);
    }
    if !state.stores.members.expel(access.notebook_id, user_id, state.clock.now()).await? {
        return Err(refused(&state, access.notebook_id, user_id).await?);
    }
    gone(&state, access.notebook_id, user_id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a membership at its member's own wish.
pub async fn leave(state: &ApiState, notebook_id: NotebookId, user_id: UserId) -> ApiResult<()> {
    if !state.stores.members.remove_member(notebook_id, user_id).await? {
        return Err(refused(state, notebook_id, user_id).await?);
    }
    gone(state, notebook_id, user_id).await;
    Ok(())
}

/// Puts someone's sockets out and tells the others, and them.
async fn gone(state: &ApiState, notebook_id: NotebookId, user_id: UserId) {
    state.coordination.fan_out.signal(Signal::Membership { notebook_id, user_id, role: None }).await;
    members_changed(state, notebook_id).await;
    // Who has gone is out of the notebook's room by now.
    state.coordination.fan_out.emit(Room::User(user_id), Event::MembersChanged { notebook_id }).await;
}

/// Take an invitation back
#[utoipa::path(delete, operation_id = "withdrawInvitation", path = "/api/notebooks/{notebookId}/invitations/{invitationId}", tag = TAG,
    params(("notebookId" = NotebookId, Path), ("invitationId" = InvitationId, Path)), responses(
    (status = 204), (status = 403, description = "`role_too_small`"),
))]
async fn withdraw(
    State(state): State<ApiState>,
    access: NotebookAccess<Owner>,
    Params(path): Params<InvitationPath>,
) -> ApiResult<StatusCode> {
    let open = state.stores.invitations.invitations(access.notebook_id).await?;
    let meant = open.into_iter().find(|invitation| invitation.id() == path.invitation_id);
    let email = meant.ok_or_else(ApiError::not_found)?.email;
    if !state.stores.invitations.withdraw_invitation(access.notebook_id, &email).await? {
        return Err(ApiError::not_found());
    }
    members_changed(&state, access.notebook_id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Why a change to a member was refused: they are not a member, or the last owner.
async fn refused(state: &ApiState, notebook_id: NotebookId, user_id: UserId) -> ApiResult<ApiError> {
    Ok(match state.stores.members.role_of(notebook_id, user_id).await? {
        Some(_) => ApiError::from(Code::LastOwner),
        None => ApiError::not_found(),
    })
}

/// Lets a new member's sockets in and tells the others.
pub(super) async fn joined(state: &ApiState, notebook_id: NotebookId, user_id: UserId, role: Role) {
    state.coordination.fan_out.signal(Signal::Membership { notebook_id, user_id, role: Some(role) }).await;
    members_changed(state, notebook_id).await;
}

async fn members_changed(state: &ApiState, notebook_id: NotebookId) {
    state.coordination.fan_out.emit(Room::Notebook(notebook_id), Event::MembersChanged { notebook_id }).await;
}
