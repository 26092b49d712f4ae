//! What storage must do for generations.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Allowance, Generation, GenerationState, Layout, Requested, Unwanted};
use crate::conversations::{CutOff, Failure};
use crate::ids::{ConversationId, GenerationId, OwnerId};
use crate::models::ModelId;
use crate::storage::StoreResult;

/// How a generation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    pub state: GenerationState,
    pub failure: Option<Failure>,
    pub cut_off: Option<CutOff>,
    /// How much there was, and in which events.
    pub layout: Option<Layout>,
}

impl From<GenerationState> for Finish {
    fn from(state: GenerationState) -> Self {
        Self { state, failure: None, cut_off: None, layout: None }
    }
}

/// More are not looked at in one round.
pub(super) const MOST_UNCLAIMED: u32 = 500;

#[async_trait]
pub trait GenerationRepo: Send + Sync {
    /// Stores a queued generation; storing the same id again changes nothing.
    async fn create(&self, generation: &Generation) -> StoreResult<()>;
    /// Like [`create`](Self::create), if the person who asks and everybody together have not had what they may: exactly,
    /// however many ask at the same time. It counts from now on, whatever becomes of it.
    ///
    /// Its question is stored after it: if that never happens, it is found and ended, and no question is left alone.
    async fn request(&self, generation: &Generation, allowance: &Allowance) -> StoreResult<Requested>;
    /// Takes back what was requested and is still queued: its question was not stored. It does not count.
    async fn withdraw(&self, id: GenerationId) -> StoreResult<()>;
    /// An answer cost nothing: it does not count for its day any more. Saying so again changes nothing.
    async fn give_back(&self, id: GenerationId) -> StoreResult<()>;
    async fn get(&self, id: GenerationId) -> StoreResult<Option<Generation>>;
    /// Whether a model ever brought an answer to its end.
    async fn has_answered(&self, model: &ModelId) -> StoreResult<bool>;
    /// Those of a conversation that are queued or running, oldest first.
    async fn unfinished_in(&self, conversation: ConversationId) -> StoreResult<Vec<Generation>>;
    /// Which of these nobody wants any more, and why; one that is not stored was deleted with its conversation.
    async fn unwanted(&self, ids: &[GenerationId]) -> StoreResult<Vec<(GenerationId, Unwanted)>>;
    /// Takes a queued generation; `None` when it is not queued (any more).
    async fn claim(&self, id: GenerationId, owner: OwnerId, lease_until: Timestamp) -> StoreResult<Option<Generation>>;
    /// `false`: the lease is lost, and whoever held it must stop writing.
    async fn renew(&self, id: GenerationId, owner: OwnerId, lease_until: Timestamp) -> StoreResult<bool>;
    /// Takes over a running generation whose lease ran out before `now`, to end it; oldest first.
    async fn claim_abandoned(
        &self,
        owner: OwnerId,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> StoreResult<Option<Generation>>;
    /// Queued generations that nobody claimed since `before`, some hundreds at most: everybody's first before anybody's
    /// second, where those that run count too; then oldest first.
    async fn unclaimed(&self, before: Timestamp) -> StoreResult<Vec<GenerationId>>;
    /// Ends a generation that `owner` holds; `false` when the lease is lost.
    async fn finish(&self, id: GenerationId, owner: OwnerId, finish: &Finish, now: Timestamp) -> StoreResult<bool>;
}
