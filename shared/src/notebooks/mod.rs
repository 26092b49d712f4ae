//! Notebooks: shared spaces with members.

mod mongo;
mod repo;
mod sqlite;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use self::mongo::{INDEXES, is_live, members_among};
pub use self::repo::NotebookRepo;
use crate::auth::{Email, UserSummary};
use crate::ids::{NotebookId, UserId};

/// What a member may do. Ordered: each role may do all that the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads, and takes part in conversations.
    Viewer,
    /// Adds and removes sources, manages conversations.
    Editor,
    /// Manages members, renames and deletes the notebook.
    Owner,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notebook {
    pub id: NotebookId,
    pub title: String,
    pub join_code: Option<JoinCode>,
    pub created_by: UserId,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Whoever has the code may join with this role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JoinCode {
    /// Ten characters of Crockford's base 32: no I, L, O, U.
    pub code: String,
    pub role: Role,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    pub user: UserSummary,
    pub role: Role,
    pub joined_at: Timestamp,
}

/// An invitation to an address that has no account yet; it is taken up when the address registers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    pub notebook_id: NotebookId,
    #[schema(value_type = String)]
    pub email: Email,
    pub role: Role,
    pub invited_by: UserId,
    pub created_at: Timestamp,
}
