//! Open versions as they are read before one of them is claimed.

use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};

use super::SOURCES;
use super::documents::{source, version, version_of};
use super::live::live_filter;
use crate::ids::{NotebookId, OwnerId, SourceId};
use crate::sources::{ClaimRequest, ClaimedVersion, Format, OpenVersion, SegmentId, Work, fair};
use crate::storage::mongo::{Change, Database, Fields as _, date};
use crate::storage::{StoreError, StoreResult};

/// An open version, as it was read.
pub struct Candidate {
    source: SourceId,
    pub notebook: NotebookId,
    number: u32,
    owner: Option<OwnerId>,
    attempts: u32,
    fence: i64,
    state: Bson,
    crashes: u32,
    crash_state: Option<Bson>,
}

pub async fn look(db: &Database, now: Timestamp) -> StoreResult<Vec<(OpenVersion, Candidate)>> {
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

impl Candidate {
    /// Changes the version if it is still as it was read: each claim moves the fence, so nobody claimed it meanwhile.
    fn change(&self, set: Document) -> Change {
        let unchanged = doc! { "version": self.number, "fence": self.fence, "open": true,
        "owner": self.owner.map(|owner| owner.to_string()) };
        let mut filter = live_filter(self.source);
        filter.insert("versions", doc! { "$elemMatch": unchanged });
        Change::new(filter, doc! { "$set": set }).elements(doc! { "version.version": self.number })
    }

    pub async fn take(&self, db: &Database, request: &ClaimRequest<'_>) -> StoreResult<Option<ClaimedVersion>> {
        let attempt = self.attempts + 1;
        let mut set = doc! {
            "versions.$[version].owner": request.owner.to_string(),
            "versions.$[version].leaseUntil": date(request.lease_until),
            "versions.$[version].attempts": attempt,
            "versions.$[version].fence": self.fence + 1,
            "versions.$[version].updatedAt": date(request.now),
        };
        let crashes = self.crashes();
        if self.owner.is_some() {
            set.insert("versions.$[version].crashes", crashes);
            set.insert("versions.$[version].crashState", self.state.clone());
        }
        let claim = self.change(set);
        let Some(taken) = db.collection(SOURCES).find_and_update(claim).await? else {
            return Ok(None);
        };
        let Some(claimed) = version_of(&taken, self.number)? else {
            return Err(StoreError::Damaged("a claimed version is not there".to_owned()));
        };
        let (source, version) = (source(&taken)?, version(claimed)?);
        Ok(Some(ClaimedVersion { source, version, owner: request.owner, attempt, crashes }))
    }

    /// With an owner its worker died: at the same point as the one before, or further on.
    fn crashes(&self) -> u32 {
        match &self.owner {
            None => self.crashes,
            Some(_) if self.crash_state.as_ref() == Some(&self.state) => self.crashes + 1,
            Some(_) => 1,
        }
    }

    /// Takes it out of the queue, because its notebook is gone.
    pub async fn close(&self, db: &Database) -> StoreResult<()> {
        db.collection(SOURCES).update(self.change(doc! { "versions.$[version].open": false })).await?;
        Ok(())
    }
}
