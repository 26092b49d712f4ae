//! `/api/auth`

use axum::Json;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum_extra::extract::CookieJar;
use collabry_shared::auth::{self, Email, Name, Session, User, UserSummary};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::{self, NewAccount};
use super::identity::NamedSession;
use super::refresh::{self, RefreshToken};
use super::{CurrentUser, admission, cookies, end_session, strength};
use crate::audit::Trail;
use crate::http::{ApiError, ApiResult, Body, Code, FieldError};
use crate::limits::Attempt;
use crate::state::ApiState;

const TAG: &str = "auth";

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(login))
        .routes(routes!(refresh_session))
        .routes(routes!(logout))
        .routes(routes!(me))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Registration {
    #[schema(example = "ada@example.org")]
    email: String,
    /// 1 to 80 characters; what other members see.
    name: String,
    /// 10 to 256 characters; common passwords are refused.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// A join code, or that of an invitation: where registration is by invitation only, it takes the account in.
    code: Option<String>,
    /// For clients that keep no cookies: puts the refresh token in the answer.
    #[serde(default)]
    return_refresh_token: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    email: String,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// For clients that keep no cookies: puts the refresh token in the answer.
    #[serde(default)]
    return_refresh_token: bool,
}

/// Browsers send the cookie and an empty object.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RefreshRequest {
    refresh_token: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SignedIn {
    user: UserSummary,
    /// Goes into `Authorization: Bearer …`; good for 15 minutes.
    access_token: String,
    #[serde(serialize_with = "collabry_shared::clock::wire::time")]
    expires_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refresh_token: Option<String>,
}

/// Make an account and sign in
#[utoipa::path(post, operation_id = "register", path = "/api/auth/register", tag = TAG, security(()), request_body = Registration, responses(
    (status = 201, body = SignedIn, description = "The refresh token is in the cookie"),
    (status = 403, description = "`registration_closed`, `invitation_needed`, `address_reserved`"),
    (status = 409, description = "`email_taken`"),
    (status = 422, description = "`validation`"),
))]
async fn register(
    State(state): State<ApiState>,
    trail: Trail,
    headers: HeaderMap,
    jar: CookieJar,
    Body(request): Body<Registration>,
) -> ApiResult<(StatusCode, [(HeaderName, &'static str); 1], CookieJar, Json<SignedIn>)> {
    let return_token = request.return_refresh_token;
    let (email, name) = check_registration(&request)?;
    let ticket = admission::ask(&state, &email, request.code.as_deref()).await?;
    let new = NewAccount { email, name, password: request.password };
    let account = accounts::create(state.stores.users.as_ref(), &state.passwords, state.clock.as_ref(), new).await?;
    if let Some(ticket) = ticket {
        admission::enter(&state, ticket, &account.user).await?;
    }
    trail.by(account.user.id);
    notice(&state, &headers);
    let (jar, body) = sign_in(&state, jar, &account, return_token).await?;
    Ok((StatusCode::CREATED, [(LOCATION, "/api/auth/me")], jar, body))
}

fn check_registration(request: &Registration) -> ApiResult<(Email, Name)> {
    let mut problems = Vec::new();
    let email = Email::parse(&request.email);
    if email.is_err() {
        problems.push(FieldError::new("email", "Enter a valid email address."));
    }
    let name = Name::parse(&request.name);
    if name.is_none() {
        problems.push(FieldError::new("name", "Use 1 to 80 characters."));
    }
    if let Err(message) = strength::check(request.password.expose_secret(), &[&request.email, &request.name]) {
        problems.push(FieldError::new("password", message));
    }
    match (email, name) {
        (Ok(email), Some(name)) if problems.is_empty() => Ok((email, name)),
        _ => Err(ApiError::fields(problems)),
    }
}

/// Sign in
#[utoipa::path(post, operation_id = "login", path = "/api/auth/login", tag = TAG, security(()), request_body = Credentials, responses(
    (status = 200, body = SignedIn, description = "The refresh token is in the cookie"),
    (status = 401, description = "`credentials_invalid`"),
))]
async fn login(
    State(state): State<ApiState>,
    attempt: Attempt,
    trail: Trail,
    headers: HeaderMap,
    jar: CookieJar,
    body: ApiResult<Body<Credentials>>,
) -> ApiResult<(CookieJar, Json<SignedIn>)> {
    let email = body.as_ref().ok().and_then(|Body(request)| Email::parse(&request.email).ok());
    attempt.sign_in(&state, email.as_ref()).await?;
    let Body(request) = body?;
    let account = match &email {
        Some(email) => state.stores.users.credentials(email).await?,
        None => None,
    };
    if let Some(account) = &account {
        trail.about(account.user.id);
    }
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    let right = state.passwords.verify(request.password, hash).await?;
    let Some(account) = account.filter(|_| right) else {
        return Err(wrong_credentials());
    };
    trail.by(account.user.id);
    notice(&state, &headers);
    sign_in(&state, jar, &account, request.return_refresh_token).await
}

fn wrong_credentials() -> ApiError {
    ApiError::from(Code::CredentialsInvalid)
}

/// Trade the refresh token for a new pair of tokens
#[utoipa::path(post, operation_id = "refreshSession", path = "/api/auth/refresh", tag = TAG, security(()), request_body = RefreshRequest, responses(
    (status = 200, body = SignedIn),
    (status = 401, description = "`session_expired`"),
))]
async fn refresh_session(
    State(state): State<ApiState>,
    jar: CookieJar,
    Body(request): Body<RefreshRequest>,
) -> ApiResult<(CookieJar, Json<SignedIn>)> {
    let in_body = request.refresh_token.is_some();
    let presented = cookies::presented(&jar, request.refresh_token);
    let (session, token) = refresh::rotate(&state, &presented).await?;
    let user = state.stores.users.get(session.user_id).await?.ok_or_else(refresh::expired)?;
    signed_in(&state, jar, &user, &session, token, in_body)
}

/// Sign out: the session ends, and with it its sockets, streams and access tokens
///
/// The session is that of the refresh token, in the cookie or the body; without one that of the access token, which may
/// have expired.
#[utoipa::path(post, operation_id = "logout", path = "/api/auth/logout", tag = TAG, security(()), request_body = RefreshRequest, responses(
    (status = 204), (status = 401, description = "`token_invalid`: there is no refresh token, and the access token is not ours"),
))]
async fn logout(
    State(state): State<ApiState>,
    trail: Trail,
    jar: CookieJar,
    bearer: ApiResult<Option<NamedSession>>,
    Body(request): Body<RefreshRequest>,
) -> ApiResult<(StatusCode, CookieJar)> {
    let presented = cookies::presented(&jar, request.refresh_token);
    let session = match refresh::session_of(&state, &presented).await? {
        Some(session) => {
            trail.by(session.user_id);
            Some(session.id)
        }
        None if presented.is_empty() => bearer?.map(|NamedSession(id)| id),
        None => bearer.ok().flatten().map(|NamedSession(id)| id),
    };
    if let Some(session) = session {
        trail.about(session);
        end_session(&state, session).await?;
    }
    Ok((StatusCode::NO_CONTENT, cookies::remove(jar, state.config.secure_cookies)))
}

/// The account that is signed in
#[utoipa::path(get, operation_id = "me", path = "/api/auth/me", tag = TAG, responses(
    (status = 200, body = UserSummary),
))]
async fn me(CurrentUser(user): CurrentUser) -> Json<UserSummary> {
    Json(UserSummary::from(&user))
}

fn notice(state: &ApiState, headers: &HeaderMap) {
    if state.config.secure_cookies {
        state.notices.secure_cookie(headers);
    }
}

/// Starts a session for a user whose password was correct. Refuses if the password was changed or the account deleted while
/// it was being verified: a change of password ends the sessions that exist after it, so either the change
/// sees this session or this check sees the change.
async fn sign_in(
    state: &ApiState,
    jar: CookieJar,
    auth::Credentials { user, password_hash }: &auth::Credentials,
    return_token: bool,
) -> ApiResult<(CookieJar, Json<SignedIn>)> {
    let (session, token) = match refresh::start(state, user.id).await {
        Err(error) if error.status == StatusCode::NOT_FOUND => return Err(wrong_credentials()),
        started => started?,
    };
    let now = state.stores.users.password_hash(user.id).await?;
    if now.is_none_or(|now| now.expose_secret() != password_hash.expose_secret()) {
        end_session(state, session.id).await?;
        return Err(wrong_credentials());
    }
    signed_in(state, jar, user, &session, Some(token), return_token)
}

fn signed_in(
    state: &ApiState,
    jar: CookieJar,
    user: &User,
    session: &Session,
    token: Option<RefreshToken>,
    return_token: bool,
) -> ApiResult<(CookieJar, Json<SignedIn>)> {
    let (access_token, expires_at) = state.tokens.issue(user.id, session.id)?;
    let jar = match &token {
        Some(token) => cookies::keep(jar, token, session, state.clock.now(), state.config.secure_cookies),
        None => jar,
    };
    let refresh_token = token.filter(|_| return_token).map(RefreshToken::into_text);
    Ok((jar, Json(SignedIn { user: UserSummary::from(user), access_token, expires_at, refresh_token })))
}
