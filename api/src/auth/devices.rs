//! `/api/auth/sessions`: where an account is signed in, and how to end that.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum_extra::extract::CookieJar;
use collabry_shared::auth::Session;
use collabry_shared::ids::SessionId;
use collabry_shared::pages::Place;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Identity, cookies, end_session};
use crate::http::{ApiError, ApiResult, List, PageQuery, Params, Query, page};
use crate::state::ApiState;

const TAG: &str = "auth";

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list, end_all)).routes(routes!(end_one)).routes(routes!(cookie))
}

#[derive(Debug, Serialize, ToSchema)]
struct SessionList {
    sessions: Vec<SessionView>,
    /// `cursor` of the next page; null on the last page.
    next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SessionView {
    id: SessionId,
    /// The one that asks.
    current: bool,
    #[serde(serialize_with = "collabry_shared::clock::wire::time")]
    signed_in_at: Timestamp,
    #[serde(serialize_with = "collabry_shared::clock::wire::time")]
    last_used_at: Timestamp,
    #[serde(serialize_with = "collabry_shared::clock::wire::time")]
    expires_at: Timestamp,
}

impl SessionView {
    fn new(session: &Session, identity: &Identity) -> Self {
        Self {
            id: session.id,
            current: session.id == identity.session_id,
            signed_in_at: session.created_at,
            last_used_at: session.rotated_at,
            expires_at: session.expires_at,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionPath {
    session_id: SessionId,
}

#[derive(Debug, Serialize, ToSchema)]
struct CookieView {
    /// Whether this request brought the refresh cookie.
    kept: bool,
}

/// Where the account is signed in, last used first
#[utoipa::path(get, operation_id = "listSessions", path = "/api/auth/sessions", tag = TAG, params(PageQuery), responses(
    (status = 200, body = SessionList), (status = 422, description = "`validation`, `cursor_invalid`"),
))]
async fn list(
    State(state): State<ApiState>,
    identity: Identity,
    Query(query): Query<PageQuery>,
) -> ApiResult<Json<SessionList>> {
    let (stored, user, now) = (&state.stores.sessions, identity.user_id, state.clock.now());
    let read = async |window| stored.list_page(user, now, &window).await;
    let show = |session: Session| Some(SessionView::new(&session, &identity));
    let (sessions, next) =
        page(&query, List::new("sessions", user, &()), read, show, |one| Place::new(one.rotated_at, &one.id)).await?;
    Ok(Json(SessionList { sessions, next }))
}

/// Sign out everywhere: every session of the account ends, with its sockets and streams, this one too
#[utoipa::path(delete, operation_id = "endSessions", path = "/api/auth/sessions", tag = TAG, responses((status = 204)))]
async fn end_all(
    State(state): State<ApiState>,
    identity: Identity,
    jar: CookieJar,
) -> ApiResult<(StatusCode, CookieJar)> {
    for session in state.stores.sessions.list_for(identity.user_id, state.clock.now()).await? {
        end_session(&state, session.id).await?;
    }
    Ok((StatusCode::NO_CONTENT, cookies::remove(jar, state.config.secure_cookies)))
}

/// Sign out one device: its session ends, with its sockets and streams
#[utoipa::path(delete, operation_id = "endSession", path = "/api/auth/sessions/{sessionId}", tag = TAG, params(("sessionId" = SessionId, Path)), responses(
    (status = 204),
))]
async fn end_one(
    State(state): State<ApiState>,
    identity: Identity,
    Params(SessionPath { session_id }): Params<SessionPath>,
) -> ApiResult<StatusCode> {
    let session = state.stores.sessions.get(session_id, state.clock.now()).await?;
    let theirs = session.filter(|session| session.user_id == identity.user_id).ok_or_else(ApiError::not_found)?;
    end_session(&state, theirs.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether the browser keeps the refresh cookie; asked after signing in
#[utoipa::path(get, operation_id = "refreshCookie", path = "/api/auth/cookie", tag = TAG, security(()), responses((status = 200, body = CookieView)))]
async fn cookie(jar: CookieJar) -> Json<CookieView> {
    Json(CookieView { kept: cookies::kept(&jar) })
}
