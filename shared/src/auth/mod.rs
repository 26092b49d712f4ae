//! Accounts and sessions: who may sign in, and for how long a device stays signed in.

mod email;
mod mongo;
mod repo;
mod rotation;
mod sqlite;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::email::{Email, InvalidEmail};
pub(crate) use self::mongo::{INDEXES, require_user, users};
pub use self::repo::{SessionRepo, UserRepo};
pub use self::rotation::{Next, Presented, SessionLifetimes, Standing};
use crate::ids::{SessionId, UserId};
use crate::text::Line;

/// What other members see of a person.
pub type Name = Line<80>;

/// An account as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub email: Email,
    pub name: Name,
    pub created_at: Timestamp,
    /// When somebody proved that the address is theirs; `None`: anybody may have registered it.
    pub verified_at: Option<Timestamp>,
    /// Set on the command line.
    pub admin: bool,
}

impl User {
    /// A new account: without a proven address, and no admin.
    pub fn new(email: Email, name: Name, created_at: Timestamp) -> Self {
        Self { id: UserId::new(), email, name, created_at, verified_at: None, admin: false }
    }
}

/// An account with what proves that somebody is its owner.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub user: User,
    /// A PHC string, Argon2id.
    pub password_hash: SecretString,
}

/// Replaces the name of a deleted account.
pub const NOBODY: &str = "Deleted account";

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
        Self { id: user.id, name: user.name.to_string(), email: user.email.clone() }
    }
}

/// A signed-in device. Only hashes of its refresh tokens are kept; `rotation` says what each is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub user_id: UserId,
    /// SHA-256 of the refresh token in force.
    pub token_hash: TokenHash,
    /// SHA-256 of the token before it.
    pub previous_hash: Option<TokenHash>,
    /// SHA-256 of another token in force: both were given for the one before, as the first answer seemed lost.
    pub other_hash: Option<TokenHash>,
    /// SHA-256 of what all its tokens have in common; `None`: the last one was made by an earlier version.
    pub family_hash: Option<TokenHash>,
    /// When somebody signed in; of a session of an earlier version, when it was last refreshed by that.
    pub created_at: Timestamp,
    /// When the token in force was given out.
    pub rotated_at: Timestamp,
    pub expires_at: Timestamp,
}

/// SHA-256 of an opaque token.
pub type TokenHash = [u8; 32];
