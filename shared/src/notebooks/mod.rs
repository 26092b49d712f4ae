//! Notebooks: shared spaces with members.

mod invitations;
mod members;
mod mongo;
mod repo;
mod sqlite;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

pub use self::invitations::InvitationRepo;
pub use self::members::MemberRepo;
pub(crate) use self::mongo::{
    INDEXES, in_live_notebook, is_live, joined_members, joined_role, members_among, with_members, with_role_of,
    withdraw_all_of,
};
pub use self::repo::NotebookRepo;
use crate::auth::{Email, UserSummary};
use crate::ids::{InvitationId, NotebookId, UserId};
use crate::text::Line;

/// What members call a notebook.
pub type Title = Line<120>;

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
    pub title: Title,
    pub join_code: Option<JoinCode>,
    pub created_by: UserId,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The parts of a notebook that change, as its owner saw them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotebookState {
    pub title: String,
    pub join_code: Option<JoinCode>,
    pub updated_at: Timestamp,
}

impl NotebookState {
    /// The join code. Its role and limits never change without a new code.
    fn code(&self) -> Option<&str> {
        self.join_code.as_ref().map(|code| code.code.as_str())
    }

    fn is_that_of(&self, notebook: &Notebook) -> bool {
        let code = notebook.join_code.as_ref().map(|code| code.code.as_str());
        self.title == notebook.title.as_str() && self.updated_at == notebook.updated_at && self.code() == code
    }
}

/// Whoever has the code may join with this role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JoinCode {
    /// Ten characters of Crockford's base 32: no I, L, O, U.
    pub code: String,
    pub role: Role,
    /// When it stops working; null: a code of an earlier version, which works until it is renewed.
    #[serde(default)]
    #[serde(serialize_with = "crate::clock::wire::optional")]
    pub expires_at: Option<Timestamp>,
    /// How many more people it lets in; null: as many as have it.
    #[serde(default)]
    pub uses_left: Option<u32>,
}

impl JoinCode {
    pub fn works(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end) && self.uses_left != Some(0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub user: UserSummary,
    pub role: Role,
    pub joined_at: Timestamp,
}

/// An invitation by a link that lets one person in. The address says whom it is meant for; it is the secret in the link
/// that gives the right, as anybody can register an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub notebook_id: NotebookId,
    pub email: Email,
    pub role: Role,
    pub invited_by: UserId,
    pub created_at: Timestamp,
    /// `None`: an invitation of an earlier version, which has no link and lets nobody in.
    pub link: Option<InvitationLink>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationLink {
    /// SHA-256 of the secret.
    pub code_hash: CodeHash,
    pub expires_at: Timestamp,
}

pub type CodeHash = [u8; 32];

impl Invitation {
    /// Another one when the address is invited again.
    pub fn id(&self) -> InvitationId {
        let told = format!("{} {} {}", self.notebook_id, self.email, self.created_at.as_millisecond());
        let hash: [u8; 32] = Sha256::digest(told.as_bytes()).into();
        let (id, _) = hash.split_first_chunk().unwrap_or((&[0; 16], &[]));
        InvitationId::from_bytes(*id)
    }
}
