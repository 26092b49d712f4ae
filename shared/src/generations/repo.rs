//! What storage must do for generations.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Failure, Generation, GenerationState, Layout};
use crate::conversations::CutOff;
use crate::ids::{ConversationId, GenerationId, OwnerId};
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

#[async_trait]
pub trait GenerationRepo: Send + Sync {
    /// Stores a queued generation; storing the same id again changes nothing.
    async fn create(&self, generation: &Generation) -> StoreResult<()>;
    async fn get(&self, id: GenerationId) -> StoreResult<Option<Generation>>;
    /// Those of a conversation that are queued or running, oldest first.
    async fn unfinished_in(&self, conversation: ConversationId) -> StoreResult<Vec<Generation>>;
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
    /// Queued generations that nobody claimed since `before`, oldest first.
    async fn unclaimed(&self, before: Timestamp) -> StoreResult<Vec<GenerationId>>;
    /// Ends a generation that `owner` holds; `false` when the lease is lost.
    async fn finish(&self, id: GenerationId, owner: OwnerId, finish: &Finish, now: Timestamp) -> StoreResult<bool>;
}
