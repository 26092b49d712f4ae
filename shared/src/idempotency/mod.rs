//! Idempotency keys: stores answers for clients that repeat a request because the first answer was lost.

mod mongo;
mod sqlite;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub(crate) use self::mongo::{INDEXES, delete_all_of};
use crate::ids::UserId;
use crate::storage::StoreResult;

/// How long an answer is kept.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// How many keys of one person are kept; the oldest are deleted first.
pub const MAX_KEYS: u32 = 1_000;

/// A person's key for a request, and the request's fingerprint.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub user: UserId,
    pub key: &'a str,
    /// Of all that the request says.
    pub fingerprint: &'a str,
}

/// A stored answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptAnswer {
    pub status: u16,
    pub location: Option<String>,
    pub content_type: Option<String>,
    pub body: String,
    /// The fingerprint of an uploaded file, which is known only once it has arrived.
    #[serde(default)]
    pub file: Option<String>,
}

/// What to do with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The caller handles it.
    New,
    /// Another request with the key is being handled.
    Running,
    /// It was handled already.
    Done(KeptAnswer),
    /// The key belongs to another request.
    Other,
}

impl Claim {
    fn of(request: Request<'_>, fingerprint: &str, answer: Option<KeptAnswer>) -> Self {
        match answer {
            _ if fingerprint != request.fingerprint => Self::Other,
            Some(answer) => Self::Done(answer),
            None => Self::Running,
        }
    }
}

/// Every method ignores expired keys.
#[async_trait]
pub trait IdempotencyRepo: Send + Sync {
    /// Claims a free key until `until`, so that a process that dies does not keep it.
    async fn claim(&self, request: Request<'_>, now: Timestamp, until: Timestamp) -> StoreResult<Claim>;
    /// Stores the answer.
    async fn keep(&self, request: Request<'_>, answer: &KeptAnswer, until: Timestamp) -> StoreResult<()>;
    /// Releases the key: nothing was done.
    async fn give_back(&self, request: Request<'_>) -> StoreResult<()>;
}
