//! Access tokens: JWTs of 15 minutes, signed with HS256.

use std::sync::Arc;

use collabry_shared::clock::Clock;
use collabry_shared::ids::{SessionId, UserId};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::http::{ApiError, Code};

const ISSUER: &str = "collabry";
const LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// Who is calling, proven by a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    pub user_id: UserId,
    pub session_id: SessionId,
    pub expires_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("there is no access token")]
    Missing,
    #[error("the access token is not valid")]
    Invalid,
    #[error("the access token has expired")]
    Expired,
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Missing => Code::TokenMissing.into(),
            TokenError::Invalid => Code::TokenInvalid.into(),
            TokenError::Expired => Code::TokenExpired.into(),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: UserId,
    sid: SessionId,
    iat: i64,
    exp: i64,
}

/// Issues and checks access tokens.
#[derive(Clone)]
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Tokens {
    pub fn new(secret: &SecretString, clock: Arc<dyn Clock>) -> Self {
        let secret = secret.expose_secret().as_bytes();
        // Only this algorithm is accepted, whatever a token's header says.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["iss", "sub", "exp"]);
        // Expiry is checked below, against our clock.
        validation.validate_exp = false;
        validation.validate_aud = false;
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
            clock,
        }
    }

    pub fn issue(&self, user_id: UserId, session_id: SessionId) -> Result<(String, Timestamp), ApiError> {
        let now = self.clock.now();
        let expires_at = Timestamp::from_second((now + LIFETIME).as_second()).map_err(ApiError::internal)?;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: user_id,
            sid: session_id,
            iat: now.as_second(),
            exp: expires_at.as_second(),
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(ApiError::internal)?;
        Ok((token, expires_at))
    }

    /// The session that a token was issued for, also when it has expired.
    pub fn session_of(&self, token: &str) -> Result<SessionId, TokenError> {
        self.claims(token).map(|claims| claims.sid)
    }

    fn claims(&self, token: &str) -> Result<Claims, TokenError> {
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation);
        decoded.map(|token| token.claims).map_err(|_| TokenError::Invalid)
    }

    pub fn check(&self, token: &str) -> Result<Identity, TokenError> {
        let claims = self.claims(token)?;
        let expires_at = Timestamp::from_second(claims.exp).map_err(|_| TokenError::Invalid)?;
        if expires_at <= self.clock.now() {
            return Err(TokenError::Expired);
        }
        Ok(Identity { user_id: claims.sub, session_id: claims.sid, expires_at })
    }
}
