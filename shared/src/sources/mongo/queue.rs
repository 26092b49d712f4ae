//! The work queue that the states of source versions form.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;
use mongodb::bson::{Document, doc};

use super::SOURCES;
use super::candidate::look;
use super::documents::{integer, is_open, source, version_of};
use super::live::{live, live_filter};
use crate::ids::{NotebookId, SourceId, UserId};
use crate::notebooks::is_live;
use crate::sources::retry::may_retry;
use crate::sources::{
    ClaimRequest, ClaimedVersion, Format, IngestFailure, IngestQueue, IngestState, NotRead, OpenVersion, QueueDepth,
    Retry, fair,
};
use crate::storage::StoreResult;
use crate::storage::mongo::{Change, Database, Fields as _, date, nested};

/// Number of candidates to try before reading the queue again: other workers may claim them first.
const CANDIDATES: usize = 16;

/// Number of times to read the queue again when others claimed every candidate.
const ROUNDS: usize = 16;

#[async_trait]
impl IngestQueue for Database {
    async fn claim_next(&self, request: &ClaimRequest<'_>) -> StoreResult<Option<ClaimedVersion>> {
        for _ in 0..ROUNDS {
            let (open, mut read): (Vec<_>, HashMap<_, _>) = look(self, request.now)
                .await?
                .into_iter()
                .map(|(open, candidate)| (open.clone(), (open.segment, candidate)))
                .unzip();
            let next: Vec<_> = fair::in_turn(&open, request).into_iter().take(CANDIDATES).collect();
            if next.is_empty() {
                return Ok(None);
            }
            for candidate in next.into_iter().filter_map(|open| read.remove(&open.segment)) {
                if !is_live(self, candidate.notebook).await? {
                    candidate.close(self).await?;
                } else if let Some(claimed) = candidate.take(self, request).await? {
                    return Ok(Some(claimed));
                }
            }
        }
        Ok(None)
    }

    async fn open_versions(&self, now: Timestamp) -> StoreResult<Vec<OpenVersion>> {
        Ok(look(self, now).await?.into_iter().map(|(open, _)| open).collect())
    }

    async fn depth(&self, now: Timestamp) -> StoreResult<QueueDepth> {
        let mut stages = free(now);
        let (count, since) = (doc! { "$sum": 1 }, doc! { "$min": "$versions.createdAt" });
        stages.push(doc! { "$group": { "_id": null, "count": count, "since": since } });
        let depth =
            |found: &Document| Ok(QueueDepth { count: found.number("count")?, since: found.opt_time("since")? });
        Ok(self.collection(SOURCES).aggregate(stages, depth).await?.pop().unwrap_or_default())
    }

    async fn retry(&self, notebook: NotebookId, id: SourceId, by: UserId, now: Timestamp) -> StoreResult<Retry> {
        let Some(found) =
            live(self, id).await?.filter(|found| found.text("notebook").ok() == Some(notebook.to_string()))
        else {
            return Ok(Retry::NotFailed);
        };
        let latest: u32 = found.number("latest")?;
        let Some(version) = version_of(&found, latest)? else {
            return Ok(Retry::NotFailed);
        };
        if !matches!(version.nested("state")?, IngestState::Failed(_)) {
            return Ok(Retry::NotFailed);
        }
        let retries: u32 = version.opt_number("retries")?.unwrap_or_default();
        if let Err(refused) = may_retry(retries, version.time("updatedAt")?, now) {
            return Ok(refused);
        }
        let mut failed = live_filter(id);
        failed.insert("latest", latest);
        // Each claim moves the fence, so of two retries one finds what it read.
        let unchanged = doc! { "version": latest, "state.step": "failed", "fence": version.number::<i64>("fence")? };
        failed.insert("versions", doc! { "$elemMatch": unchanged });
        let queue = doc! { "$set": {
            "versions.$[version].state": nested(&IngestState::Queued)?,
            "versions.$[version].open": true,
            "versions.$[version].attempts": 0,
            "versions.$[version].crashes": 0,
            "versions.$[version].crashState": null,
            "versions.$[version].retries": retries + 1,
            "versions.$[version].updatedAt": date(now),
            "versions.$[version].queuedAt": date(now),
            "versions.$[version].queuedBy": by.to_string(),
        } };
        let change = Change::new(failed, queue).elements(doc! { "version.version": latest });
        match self.collection(SOURCES).find_and_update(change).await? {
            Some(queued) => Ok(Retry::Queued(Box::new(source(&queued)?))),
            None => Ok(Retry::NotFailed),
        }
    }

    async fn progress(
        &self,
        claim: &ClaimedVersion,
        state: &IngestState,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> StoreResult<bool> {
        let set = doc! {
            "versions.$[version].state": nested(state)?,
            "versions.$[version].updatedAt": date(now),
            "versions.$[version].leaseUntil": date(lease_until),
        };
        change_held(self, claim, set).await
    }

    async fn fetched(&self, claim: &ClaimedVersion, name: &str, format: Format, size: u64) -> StoreResult<bool> {
        let set = doc! {
            "name": name,
            "versions.$[version].format": nested(&format)?,
            "versions.$[version].size": integer(size),
        };
        change_held(self, claim, set).await
    }

    async fn put_not_read(&self, claim: &ClaimedVersion, not_read: &[NotRead]) -> StoreResult<bool> {
        change_held(self, claim, doc! { "versions.$[version].notRead": nested(&not_read)? }).await
    }

    async fn ready(
        &self,
        claim: &ClaimedVersion,
        page_count: Option<u32>,
        chunk_count: u32,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let mut set = ending(&IngestState::Ready, now)?;
        set.insert("versions.$[version].pageCount", page_count);
        set.insert("versions.$[version].chunkCount", chunk_count);
        change_held(self, claim, set).await
    }

    async fn failed(&self, claim: &ClaimedVersion, failure: &IngestFailure, now: Timestamp) -> StoreResult<bool> {
        change_held(self, claim, ending(&IngestState::Failed(failure.clone()), now)?).await
    }

    async fn release(&self, claim: &ClaimedVersion, now: Timestamp) -> StoreResult<bool> {
        let mut set = ending(&IngestState::Queued, now)?;
        // Nothing crashed, so the attempt does not count.
        set.insert("versions.$[version].attempts", claim.attempt.saturating_sub(1));
        change_held(self, claim, set).await
    }

    async fn end_leases(&self, now: Timestamp) -> StoreResult<()> {
        let claimed = doc! { "versions.leaseUntil": { "$gt": date(now) } };
        let end = Change::new(claimed, doc! { "$set": { "versions.$[version].leaseUntil": date(now) } });
        self.collection(SOURCES).update_all(end.elements(doc! { "version.leaseUntil": { "$gt": date(now) } })).await?;
        Ok(())
    }
}

/// Stages that find the versions that no worker holds.
fn free(now: Timestamp) -> Vec<Document> {
    let free = [doc! { "versions.owner": null }, doc! { "versions.leaseUntil": { "$lte": date(now) } }];
    vec![
        doc! { "$match": { "versions.open": true, "deletedAt": null } },
        doc! { "$unwind": "$versions" },
        doc! { "$match": { "versions.open": true, "$or": free.to_vec() } },
    ]
}

/// The source, if the claim on its version holds.
pub fn held(claim: &ClaimedVersion) -> Document {
    let version = doc! {
        "version": claim.version.version,
        "owner": claim.owner.to_string(),
        "attempts": claim.attempt,
    };
    let mut filter = live_filter(claim.source.id);
    filter.insert("versions", doc! { "$elemMatch": version });
    filter
}

/// Changes what is claimed; `false` when the claim is lost.
async fn change_held(db: &Database, claim: &ClaimedVersion, set: Document) -> StoreResult<bool> {
    if !is_live(db, claim.source.notebook_id).await? {
        return Ok(false);
    }
    let change = Change::new(held(claim), doc! { "$set": set });
    db.collection(SOURCES).update(change.elements(doc! { "version.version": claim.version.version })).await
}

/// Gives the claim up and leaves the version in `state`.
fn ending(state: &IngestState, now: Timestamp) -> StoreResult<Document> {
    Ok(doc! {
        "versions.$[version].state": nested(state)?,
        "versions.$[version].open": is_open(state),
        "versions.$[version].updatedAt": date(now),
        "versions.$[version].owner": null,
        "versions.$[version].leaseUntil": null,
    })
}
