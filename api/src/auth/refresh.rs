//! Refresh tokens: kept as hashes, traded at each use. What each is worth says
//! [`rotation`](collabry_shared::auth::Standing).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use collabry_shared::auth::{Next, Presented, Session, Standing, TokenHash};
use collabry_shared::ids::{SessionId, UserId};
use collabry_shared::storage::StoreResult;
use sha2::{Digest as _, Sha256};

use crate::audit;
use crate::http::{ApiError, ApiResult, Code};
use crate::state::ApiState;

/// Code of the answer to a token that no session knows.
/// Others may trade a token at the same moment, and then it is looked at again.
const TRIES: usize = 4;

const BYTES: usize = 32;
/// What the tokens of a session have in common: not to be found by trying.
const FAMILY_BYTES: usize = 16;

/// A token as the client holds it: `session.family.secret`, of earlier versions the secret alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken(String);

impl RefreshToken {
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    fn first(session: SessionId) -> Self {
        Self::make(session, &random::<FAMILY_BYTES>())
    }

    fn make(session: SessionId, family: &str) -> Self {
        Self(format!("{session}.{family}.{}", random::<BYTES>()))
    }

    /// The one to follow it, of the same family; that of an earlier version begins one.
    fn next(&self, session: SessionId) -> Self {
        match self.parts() {
            Some((_, family)) => Self::make(session, family),
            None => Self::first(session),
        }
    }

    fn parts(&self) -> Option<(SessionId, &str)> {
        let (session, rest) = self.0.split_once('.')?;
        let (family, _) = rest.split_once('.')?;
        Some((session.parse().ok()?, family))
    }

    fn presented(&self) -> Presented {
        let claim = self.parts().map(|(session, family)| (session, hash(family)));
        Presented { token: hash(&self.0), claim }
    }

    fn hashes(&self) -> Next {
        let family = self.parts().map(|(_, family)| family).unwrap_or_default();
        Next { token: hash(&self.0), family: hash(family) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_text(self) -> String {
        self.0
    }
}

fn random<const N: usize>() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; N]>())
}

fn hash(text: &str) -> TokenHash {
    Sha256::digest(text.as_bytes()).into()
}

/// A new session with its first token.
pub async fn start(state: &ApiState, user_id: UserId) -> ApiResult<(Session, RefreshToken)> {
    let (id, now) = (SessionId::new(), state.clock.now());
    let token = RefreshToken::first(id);
    let Next { token: token_hash, family } = token.hashes();
    let session = Session {
        id,
        user_id,
        token_hash,
        previous_hash: None,
        other_hash: None,
        family_hash: Some(family),
        created_at: now,
        rotated_at: now,
        expires_at: state.config.sessions.end(now, now),
    };
    state.stores.sessions.create(&session).await?;
    Ok((session, token))
}

/// Trades the best of what was presented for the next token. `None` in place of it: another tab has just traded it, and
/// holds the new one.
pub async fn rotate(state: &ApiState, presented: &[RefreshToken]) -> ApiResult<(Session, Option<RefreshToken>)> {
    for _ in 0..TRIES {
        let now = state.clock.now();
        let Some((standing, session, token)) = best(state, presented).await? else { return Err(expired()) };
        match standing {
            Standing::InForce | Standing::Lost => {
                let next = token.next(session.id);
                let rotated = session.rotated(&token.presented(), next.hashes(), now, state.config.sessions);
                if state.stores.sessions.rotate(session.token_hash, &rotated, now).await? {
                    return Ok((rotated, Some(next)));
                }
            }
            Standing::Race => return Ok((session, None)),
            Standing::Stolen => {
                audit::stolen(&session);
                super::end_session(state, session.id).await?;
                return Err(expired());
            }
            Standing::Unknown => return Err(expired()),
        }
    }
    Err(ApiError::busy())
}

/// The session that one of these tokens is or was of.
pub async fn session_of(state: &ApiState, presented: &[RefreshToken]) -> StoreResult<Option<Session>> {
    let best = best(state, presented).await?;
    Ok(best.filter(|(standing, ..)| *standing != Standing::Unknown).map(|(_, session, _)| session))
}

async fn best<'a>(
    state: &ApiState,
    presented: &'a [RefreshToken],
) -> StoreResult<Option<(Standing, Session, &'a RefreshToken)>> {
    let (sessions, now) = (&state.stores.sessions, state.clock.now());
    let mut best: Option<(Standing, Session, &RefreshToken)> = None;
    for token in presented {
        let Presented { token: hash, claim } = token.presented();
        let found = match claim {
            Some((id, _)) => sessions.get(id, now).await?,
            None => sessions.by_token(hash, now).await?,
        };
        let Some(session) = found else { continue };
        let standing = session.standing(&token.presented(), now);
        if best.as_ref().is_none_or(|(known, ..)| standing < *known) {
            best = Some((standing, session, token));
        }
    }
    Ok(best)
}

pub fn expired() -> ApiError {
    Code::SessionExpired.into()
}
