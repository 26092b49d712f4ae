//! Usage: what each user did per day, rolled up from the documents.

mod mongo;
mod sqlite;

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use self::mongo::INDEXES;
use crate::ids::UserId;
use crate::models::ModelId;
use crate::storage::{StoreError, StoreResult};

/// One user's day, UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageDay {
    pub day: Date,
    /// Messages sent.
    pub messages: u64,
    /// Files added as sources, counting each version; they count for the user who added the source.
    pub uploads: u64,
    pub uploaded_bytes: u64,
    /// Requested answers by model.
    pub models: Vec<ModelUsage>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelUsage {
    #[schema(value_type = String)]
    pub model: ModelId,
    pub generations: u64,
    /// Code points of their answers.
    pub characters: u64,
}

#[async_trait]
pub trait UsageRepo: Send + Sync {
    /// Counts a day from the stored documents and raises each stored count that is lower. So it may run any number of times
    /// in any order, and what was deleted since stays counted.
    async fn roll_up(&self, day: Date) -> StoreResult<()>;
    /// The days of a user from `from` to `to` inclusive on which something was counted, in order.
    async fn of(&self, user: UserId, from: Date, to: Date) -> StoreResult<Vec<UsageDay>>;
}

/// The day's entry, empty when there was none.
fn usage_of(days: &mut BTreeMap<Date, UsageDay>, day: Date) -> &mut UsageDay {
    let empty = UsageDay { day, messages: 0, uploads: 0, uploaded_bytes: 0, models: Vec::new() };
    days.entry(day).or_insert(empty)
}

/// The first instants of a day and of the next day, UTC.
fn bounds(day: Date) -> StoreResult<(Timestamp, Timestamp)> {
    let midnight = |day: Date| day.to_zoned(TimeZone::UTC).map(|start| start.timestamp());
    let bounds = || Ok((midnight(day)?, midnight(day.tomorrow()?)?));
    bounds().map_err(|error: jiff::Error| StoreError::Damaged(format!("a day: {error}")))
}
