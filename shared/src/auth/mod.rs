//! Accounts and sessions: who may sign in, and for how long a device stays signed in.

mod email;
mod mongo;
mod repo;
mod sqlite;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::email::{Email, InvalidEmail};
pub(crate) use self::mongo::{INDEXES, require_user, users};
pub use self::repo::{RotateOutcome, SessionRepo, UserRepo};
use crate::ids::{SessionId, UserId};

/// An account as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub email: Email,
    /// What other members see.
    pub name: String,
    /// A PHC string, Argon2id.
    pub password_hash: String,
    pub created_at: Timestamp,
}

/// What members of a notebook may know of each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserSummary {
    pub id: UserId,
    pub name: String,
    #[schema(value_type = String)]
    pub email: Email,
}

impl From<&User> for UserSummary {
    fn from(user: &User) -> Self {
        Self { id: user.id, name: user.name.clone(), email: user.email.clone() }
    }
}

/// A signed-in device. Only hashes of its refresh tokens are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub user_id: UserId,
    /// SHA-256 of the refresh token in force.
    pub token_hash: TokenHash,
    /// SHA-256 of the token before it: seeing it again means a race of two tabs, or theft.
    pub previous_hash: Option<TokenHash>,
    pub rotated_at: Timestamp,
    pub expires_at: Timestamp,
}

/// SHA-256 of an opaque token.
pub type TokenHash = [u8; 32];
