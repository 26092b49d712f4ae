//! The log of a generation's events: what every stream of it is a view of.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::GenerationEvent;
use crate::ids::GenerationId;
use crate::storage::StoreResult;

/// Place of an event in its generation's log; counts from 1 without gaps.
pub type EventId = u64;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedEvent {
    #[schema(value_type = u64)]
    pub event_id: EventId,
    #[serde(flatten)]
    pub event: GenerationEvent,
}

/// Nothing is shown to anyone before it is in the log, so a reader that comes back after any crash finds what it saw.
#[async_trait]
pub trait GenerationLog: Send + Sync {
    /// Appends an event and wakes the readers. Only the holder of the generation's lease appends. Nothing follows a
    /// final event: what comes later is not added, and the final event's id is returned. Fails with
    /// [`StoreError::TakenOver`](crate::storage::StoreError::TakenOver) once another process has [taken](Self::take) the log.
    async fn append(&self, id: GenerationId, event: &GenerationEvent) -> StoreResult<EventId>;
    /// Shuts out every other process that may still append, because it has not noticed that its lease is lost. What is read
    /// afterwards is all that was shown.
    async fn take(&self, id: GenerationId) -> StoreResult<()>;
    /// The events after `after`. When there are none yet, waits up to `wait` for one; after a final event, or when the
    /// time is up, the answer is empty.
    async fn read(&self, id: GenerationId, after: EventId, wait: Duration) -> StoreResult<Vec<LoggedEvent>>;
    /// Id of the newest event; 0 when there is none.
    async fn last_event_id(&self, id: GenerationId) -> StoreResult<EventId>;
    /// Forgets logs whose last event is older than `before`; returns how many. The stored answers stay.
    async fn forget(&self, before: jiff::Timestamp) -> StoreResult<u64>;
}
