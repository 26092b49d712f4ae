//! Refresh tokens: opaque, kept as hashes, rotated at each use.

use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use collabry_shared::auth::{RotateOutcome, Session, TokenHash};
use collabry_shared::ids::{SessionId, UserId};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::http::{ApiError, ApiResult};
use crate::state::ApiState;

const COOKIE: &str = "collabry_refresh";
/// Only the routes that need it get to see it.
const COOKIE_PATH: &str = "/api/auth";
const LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Code of the answer to a token that no session knows.
pub const EXPIRED: &str = "session_expired";
/// Two tabs may refresh at once: the token before is good for this long after its rotation.
const RACE: SignedDuration = SignedDuration::from_secs(10);

const BYTES: usize = 32;

/// A token as the client holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken(String);

impl RefreshToken {
    pub fn new() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; BYTES]>()))
    }

    /// What the client sent: in its cookie, or in the body when it is no browser.
    pub fn presented(jar: &CookieJar, body: Option<String>) -> Option<Self> {
        body.or_else(|| jar.get(COOKIE).map(|cookie| cookie.value().to_owned())).map(Self)
    }

    pub fn hash(&self) -> TokenHash {
        Sha256::digest(self.0.as_bytes()).into()
    }

    pub fn into_text(self) -> String {
        self.0
    }

    pub fn cookie(&self, secure: bool) -> Cookie<'static> {
        Cookie::build((COOKIE, self.0.clone()))
            .path(COOKIE_PATH)
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(secure)
            // When the session ends is for the server to say.
            .permanent()
            .build()
    }

    pub fn removal() -> Cookie<'static> {
        Cookie::build(COOKIE).path(COOKIE_PATH).build()
    }
}

/// A new session with its first token.
pub async fn start(state: &ApiState, user_id: UserId) -> ApiResult<(Session, RefreshToken)> {
    let token = RefreshToken::new();
    let now = state.clock.now();
    let session = Session {
        id: SessionId::new(),
        user_id,
        token_hash: token.hash(),
        previous_hash: None,
        rotated_at: now,
        expires_at: now + LIFETIME,
    };
    state.stores.sessions.create(&session).await?;
    Ok((session, token))
}

/// Trades a token for the next one. `None` in place of the token: another tab has just traded it, and holds the new one.
pub async fn rotate(state: &ApiState, presented: &RefreshToken) -> ApiResult<(Session, Option<RefreshToken>)> {
    let next = RefreshToken::new();
    let now = state.clock.now();
    let outcome = state.stores.sessions.rotate(presented.hash(), next.hash(), now, now + LIFETIME).await?;
    match outcome {
        RotateOutcome::Rotated(session) => Ok((session, Some(next))),
        RotateOutcome::Reused(session) if is_race(&session, now) => Ok((session, None)),
        RotateOutcome::Reused(session) => {
            tracing::warn!(session = %session.id, user = %session.user_id, "a spent refresh token came back: session ended");
            super::end_session(state, session.id).await?;
            Err(expired())
        }
        RotateOutcome::Unknown => Err(expired()),
    }
}

fn is_race(session: &Session, now: Timestamp) -> bool {
    now.duration_since(session.rotated_at) < RACE
}

pub fn expired() -> ApiError {
    ApiError::unauthorized(EXPIRED, "Your session has ended. Sign in again.")
}
