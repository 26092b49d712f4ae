//! Locks in MongoDB: one document per lock, for as long as it is held.

use async_trait::async_trait;
use jiff::Timestamp;
use mongodb::bson::doc;

use super::{Lock, LockRepo};
use crate::ids::OwnerId;
use crate::storage::mongo::{Change, Database, date};
use crate::storage::{StoreError, StoreResult};

const LOCKS: &str = "locks";

#[async_trait]
impl LockRepo for Database {
    async fn try_acquire(&self, lock: Lock, holder: OwnerId, now: Timestamp, until: Timestamp) -> StoreResult<bool> {
        let run_out = doc! { "_id": lock.to_string(), "until": { "$lte": date(now) } };
        let take = doc! { "$set": { "holder": holder.to_string(), "until": date(until) } };
        match self.collection(LOCKS).update(Change::new(run_out, take).upsert()).await {
            // The lock is held and has not expired, so its key is taken.
            Err(StoreError::Conflict(_)) => Ok(false),
            taken => taken,
        }
    }

    async fn release(&self, lock: Lock, holder: OwnerId) -> StoreResult<()> {
        let theirs = doc! { "_id": lock.to_string(), "holder": holder.to_string() };
        self.collection(LOCKS).delete(theirs).await?;
        Ok(())
    }
}
