//! The work queue that the states of source versions form.

use std::collections::HashMap;

use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};

use super::documents::{integer, is_open, source, version, version_of};
use super::{SOURCES, live_filter};
use crate::ids::{NotebookId, OwnerId, SourceId};
use crate::sources::{
    ClaimedVersion, Format, IngestFailure, IngestState, NotRead, OpenVersion, SegmentId, Waiting, Wanted, Work, fair,
};
use crate::storage::mongo::{Change, Database, Fields as _, date, nested};
use crate::storage::{StoreError, StoreResult};

/// How many to try in turn before the queue is looked at again: others may take them first.
const CANDIDATES: usize = 16;

/// How often to look again when others took every one of them.
const ROUNDS: usize = 16;

pub async fn claim(db: &Database, wanted: &Wanted<'_>) -> StoreResult<Option<ClaimedVersion>> {
    for _ in 0..ROUNDS {
        let (open, mut read): (Vec<_>, HashMap<_, _>) = look(db, wanted.now)
            .await?
            .into_iter()
            .map(|(open, candidate)| (open.clone(), (open.segment, candidate)))
            .unzip();
        let next: Vec<_> = fair::in_turn(&open, wanted).into_iter().take(CANDIDATES).collect();
        if next.is_empty() {
            return Ok(None);
        }
        for candidate in next.into_iter().filter_map(|open| read.remove(&open.segment)) {
            if !crate::notebooks::is_live(db, candidate.notebook).await? {
                candidate.close(db).await?;
            } else if let Some(claimed) = candidate.take(db, wanted).await? {
                return Ok(Some(claimed));
            }
        }
    }
    Ok(None)
}

/// An open version as it was read.
struct Candidate {
    source: SourceId,
    notebook: NotebookId,
    number: u32,
    owner: Option<OwnerId>,
    attempts: u32,
    fence: i64,
    state: Bson,
    crashes: u32,
    crash_state: Option<Bson>,
}

pub async fn open_versions(db: &Database, now: Timestamp) -> StoreResult<Vec<OpenVersion>> {
    Ok(look(db, now).await?.into_iter().map(|(open, _)| open).collect())
}

async fn look(db: &Database, now: Timestamp) -> StoreResult<Vec<(OpenVersion, Candidate)>> {
    let stages = vec![
        doc! { "$match": { "versions.open": true, "deletedAt": null } },
        doc! { "$unwind": "$versions" },
        doc! { "$match": { "versions.open": true } },
        doc! { "$sort": { "versions.createdAt": 1, "_id": 1 } },
        doc! { "$limit": fair::LOOKAHEAD },
    ];
    db.collection(SOURCES).aggregate(stages, |document| read_open(document, now)).await
}

fn read_open(document: &Document, now: Timestamp) -> StoreResult<(OpenVersion, Candidate)> {
    let version = document.get_document("versions").map_err(|error| StoreError::Damaged(error.to_string()))?;
    let (format, size): (Format, _) = (version.nested("format")?, version.number("size")?);
    let candidate = Candidate {
        source: document.parsed("_id")?,
        notebook: document.parsed("notebook")?,
        number: version.number("version")?,
        owner: version.opt_parsed("owner")?,
        attempts: version.number("attempts")?,
        fence: version.number("fence")?,
        state: version.get("state").cloned().unwrap_or(Bson::Null),
        crashes: version.opt_number("crashes")?.unwrap_or_default(),
        crash_state: version.get("crashState").cloned(),
    };
    let leased = version.opt_time("leaseUntil")?.is_some_and(|until| until > now);
    let open = OpenVersion {
        segment: SegmentId { source_id: candidate.source, version: candidate.number },
        notebook_id: candidate.notebook,
        person: match version.opt_parsed("queuedBy")? {
            Some(person) => person,
            None => document.parsed("createdBy")?,
        },
        work: Work::of(format, size),
        size,
        queued_at: match version.opt_time("queuedAt")? {
            Some(at) => at,
            None => version.time("createdAt")?,
        },
        held: candidate.owner.is_some() && leased,
        abandoned: candidate.owner.is_some() && !leased,
    };
    Ok((open, candidate))
}

/// Stages that find the versions which nobody works on.
fn free(now: Timestamp) -> Vec<Document> {
    let free = [doc! { "versions.owner": null }, doc! { "versions.leaseUntil": { "$lte": date(now) } }];
    vec![
        doc! { "$match": { "versions.open": true, "deletedAt": null } },
        doc! { "$unwind": "$versions" },
        doc! { "$match": { "versions.open": true, "$or": free.to_vec() } },
    ]
}

pub async fn waiting(db: &Database, now: Timestamp) -> StoreResult<Waiting> {
    let mut stages = free(now);
    let (count, since) = (doc! { "$sum": 1 }, doc! { "$min": "$versions.createdAt" });
    stages.push(doc! { "$group": { "_id": null, "count": count, "since": since } });
    let waiting =
        |document: &Document| Ok(Waiting { count: document.number("count")?, since: document.opt_time("since")? });
    let found = db.collection(SOURCES).aggregate(stages, waiting).await?.pop();
    Ok(found.unwrap_or(Waiting { count: 0, since: None }))
}

impl Candidate {
    /// Changes the version if it is still as it was read: each claim moves the fence, so nobody claimed it meanwhile.
    fn change(&self, set: Document) -> Change {
        let unchanged = doc! { "version": self.number, "fence": self.fence, "open": true,
        "owner": self.owner.map(|owner| owner.to_string()) };
        let mut filter = live_filter(self.source);
        filter.insert("versions", doc! { "$elemMatch": unchanged });
        Change::new(filter, doc! { "$set": set }).elements(doc! { "version.version": self.number })
    }

    async fn take(&self, db: &Database, wanted: &Wanted<'_>) -> StoreResult<Option<ClaimedVersion>> {
        let attempt = self.attempts + 1;
        let mut set = doc! {
            "versions.$[version].owner": wanted.owner.to_string(),
            "versions.$[version].leaseUntil": date(wanted.lease_until),
            "versions.$[version].attempts": attempt,
            "versions.$[version].fence": self.fence + 1,
            "versions.$[version].updatedAt": date(wanted.now),
        };
        let crashes = self.crashes();
        if self.owner.is_some() {
            set.insert("versions.$[version].crashes", crashes);
            set.insert("versions.$[version].crashState", self.state.clone());
        }
        let claim = self.change(set);
        let Some(taken) = db.collection(SOURCES).take(claim).await? else {
            return Ok(None);
        };
        let Some(claimed) = version_of(&taken, self.number)? else {
            return Err(StoreError::Damaged("a claimed version is not there".to_owned()));
        };
        let (source, version) = (source(&taken)?, version(claimed)?);
        Ok(Some(ClaimedVersion { source, version, owner: wanted.owner, attempt, crashes }))
    }

    /// With an owner its worker died: at the same point as the one before, or further on.
    fn crashes(&self) -> u32 {
        match &self.owner {
            None => self.crashes,
            Some(_) if self.crash_state.as_ref() == Some(&self.state) => self.crashes + 1,
            Some(_) => 1,
        }
    }

    /// Its notebook is gone, so it is no work any more.
    async fn close(&self, db: &Database) -> StoreResult<()> {
        db.collection(SOURCES).update(self.change(doc! { "versions.$[version].open": false })).await?;
        Ok(())
    }
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
    if !crate::notebooks::is_live(db, claim.source.notebook_id).await? {
        return Ok(false);
    }
    let change = Change::new(held(claim), doc! { "$set": set });
    db.collection(SOURCES).update(change.elements(doc! { "version.version": claim.version.version })).await
}

pub async fn progress(
    db: &Database,
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
    change_held(db, claim, set).await
}

pub async fn fetched(
    db: &Database,
    claim: &ClaimedVersion,
    name: &str,
    format: Format,
    size: u64,
) -> StoreResult<bool> {
    let set = doc! {
        "name": name,
        "versions.$[version].format": nested(&format)?,
        "versions.$[version].size": integer(size),
    };
    change_held(db, claim, set).await
}

pub async fn put_not_read(db: &Database, claim: &ClaimedVersion, not_read: &[NotRead]) -> StoreResult<bool> {
    change_held(db, claim, doc! { "versions.$[version].notRead": nested(&not_read)? }).await
}

pub async fn ready(
    db: &Database,
    claim: &ClaimedVersion,
    page_count: Option<u32>,
    chunk_count: u32,
    now: Timestamp,
) -> StoreResult<bool> {
    let mut set = ending(&IngestState::Ready, now)?;
    set.insert("versions.$[version].pageCount", page_count);
    set.insert("versions.$[version].chunkCount", chunk_count);
    change_held(db, claim, set).await
}

pub async fn failed(
    db: &Database,
    claim: &ClaimedVersion,
    failure: &IngestFailure,
    now: Timestamp,
) -> StoreResult<bool> {
    change_held(db, claim, ending(&IngestState::Failed(failure.clone()), now)?).await
}

pub async fn release(db: &Database, claim: &ClaimedVersion, now: Timestamp) -> StoreResult<bool> {
    let mut set = ending(&IngestState::Queued, now)?;
    // Nothing crashed, so the attempt does not count.
    set.insert("versions.$[version].attempts", claim.attempt.saturating_sub(1));
    change_held(db, claim, set).await
}

pub async fn end_leases(db: &Database, now: Timestamp) -> StoreResult<()> {
    let claimed = doc! { "versions.leaseUntil": { "$gt": date(now) } };
    let end = Change::new(claimed, doc! { "$set": { "versions.$[version].leaseUntil": date(now) } });
    db.collection(SOURCES).update_all(end.elements(doc! { "version.leaseUntil": { "$gt": date(now) } })).await?;
    Ok(())
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
