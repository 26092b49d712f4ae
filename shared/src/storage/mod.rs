//! Storage: what every backend has in common.

mod blobs;
pub mod sqlite;

use std::sync::Arc;

pub use self::blobs::{BlobError, Blobs};
use crate::auth::{SessionRepo, UserRepo};
use crate::conversations::ConversationRepo;
use crate::generations::{GenerationLog, GenerationRepo};
use crate::jobs::JobRepo;
use crate::notebooks::NotebookRepo;
use crate::notifications::NotificationRepo;
use crate::sources::SourceRepo;
use crate::usage::UsageRepo;

pub type StoreResult<T> = Result<T, StoreError>;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique key is taken.
    #[error("{0} exists already")]
    Conflict(&'static str),
    /// What the write belongs to is gone, or never was: a notebook, a conversation, a user.
    #[error("{0} does not exist")]
    Missing(&'static str),
    /// The database did not answer in time or is away; trying again may help.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// What was read cannot be understood.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    #[error(transparent)]
    Sqlite(sqlx::Error),
}

/// The repositories of one backend.
#[derive(Clone)]
pub struct Stores {
    pub users: Arc<dyn UserRepo>,
    pub sessions: Arc<dyn SessionRepo>,
    pub notebooks: Arc<dyn NotebookRepo>,
    pub sources: Arc<dyn SourceRepo>,
    pub conversations: Arc<dyn ConversationRepo>,
    pub generations: Arc<dyn GenerationRepo>,
    pub generation_log: Arc<dyn GenerationLog>,
    pub notifications: Arc<dyn NotificationRepo>,
    pub jobs: Arc<dyn JobRepo>,
    pub usage: Arc<dyn UsageRepo>,
    pub blobs: Blobs,
    pub probe: Arc<dyn Probe>,
}

/// Asks the database for a sign of life, for `/ready`.
#[async_trait::async_trait]
pub trait Probe: Send + Sync {
    async fn ping(&self) -> StoreResult<()>;
}

impl std::fmt::Debug for Stores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stores").finish_non_exhaustive()
    }
}
