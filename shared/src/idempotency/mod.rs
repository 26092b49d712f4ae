//! Answers kept for whoever asks for the same thing again, because the first answer was lost on its way.

mod mongo;
mod sqlite;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub(crate) use self::mongo::{INDEXES, delete_all_of};
use crate::ids::UserId;
use crate::storage::StoreResult;

/// For how long an answer is kept.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// Keys of one person that are kept; older ones go first.
pub const MAX_KEYS: u32 = 1_000;

/// What a person calls a request by, and what tells it from another one.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub user: UserId,
    pub key: &'a str,
    /// Of all that the request says.
    pub fingerprint: &'a str,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptAnswer {
    pub status: u16,
    pub location: Option<String>,
    pub content_type: Option<String>,
    pub body: String,
    /// Of an upload: what tells the file from another one, which is known only once it has come.
    #[serde(default)]
    pub file: Option<String>,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is carried out, by whoever asks.
    New,
    /// Somebody carries it out at this moment.
    Running,
    /// It was carried out.
    Done(KeptAnswer),
    /// The key stands for another request.
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

/// What is past its time is gone for every method.
#[async_trait]
pub trait IdempotencyRepo: Send + Sync {
    /// Takes a key that nobody has, until `until`: whoever dies with it does not keep it.
    async fn claim(&self, request: Request<'_>, now: Timestamp, until: Timestamp) -> StoreResult<Claim>;
    /// Keeps the answer.
    async fn keep(&self, request: Request<'_>, answer: &KeptAnswer, until: Timestamp) -> StoreResult<()>;
    /// Gives the key back: nothing was done.
    async fn give_back(&self, request: Request<'_>) -> StoreResult<()>;
}
