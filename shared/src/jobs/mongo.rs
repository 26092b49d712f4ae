//! Jobs and the run ledger in MongoDB.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mongodb::bson::{Document, doc};

use super::{ClaimedRun, DeclaredJob, JobName, JobRepo, JobSpec, MAX_RUN_ATTEMPTS, Run, RunLease};
use crate::ids::UserId;
use crate::storage::mongo::{Change, Database, Fields as _, Index, Query, date, nested};
use crate::storage::{StoreError, StoreResult};

const JOBS: &str = "jobs";
const RUNS: &str = "jobRuns";

/// The key of a run consists of job and slot, so a claimed slot cannot be inserted again.
pub(crate) const INDEXES: &[Index] = &[
    Index::on(RUNS, "job_runs_slot", &["job", "slot"]).unique(),
    Index::on(RUNS, "job_runs_state", &["state", "leaseUntil"]),
];

/// How many times to look for a free instant when others take it.
const ROUNDS: usize = 16;

#[async_trait]
impl JobRepo for Database {
    async fn declare(&self, spec: &JobSpec, now: Timestamp) -> StoreResult<DeclaredJob> {
        let declare = || -> StoreResult<Change> {
            let declared = doc! {
                "$set": {
                    "schedule": spec.schedule.as_ref().map(ToString::to_string),
                    "missed": nested(&spec.missed)?,
                    "leaseMs": i64::try_from(spec.lease.as_millis()).unwrap_or(i64::MAX),
                },
                "$setOnInsert": {
                    "declaredAt": date(now), "token": 0_i64, "forgottenSlot": date(Timestamp::UNIX_EPOCH),
                },
            };
            Ok(Change::new(doc! { "_id": spec.name.as_str() }, declared).upsert())
        };
        let declared = match self.collection(JOBS).find_and_update(declare()?).await {
            // Another worker inserted it first.
            Err(StoreError::Conflict(_)) => self.collection(JOBS).find_and_update(declare()?).await?,
            other => other?,
        };
        declared.as_ref().map(job).transpose()?.ok_or(StoreError::Missing("the job"))
    }

    async fn list(&self) -> StoreResult<Vec<DeclaredJob>> {
        self.collection(JOBS).find(Query::new(doc! {}).sort(doc! { "_id": 1 }), job).await
    }

    async fn get(&self, name: &JobName) -> StoreResult<Option<DeclaredJob>> {
        let found = self.collection(JOBS).find_one(Query::new(doc! { "_id": name.as_str() })).await?;
        found.as_ref().map(job).transpose()
    }

    async fn claim_slot(&self, job: &JobName, slot: Timestamp, lease: RunLease) -> StoreResult<Option<ClaimedRun>> {
        let remembered = doc! { "_id": job.as_str(), "forgottenSlot": { "$lt": date(slot) } };
        let Some(token) = next_token(self, remembered.clone()).await? else {
            return Ok(None);
        };
        let claim = doc! {
            "_id": key(job, slot),
            "job": job.as_str(),
            "slot": date(slot),
            "state": "running",
            "attempts": 1,
            "startedAt": date(lease.now),
            "owner": lease.owner.to_string(),
            "token": token,
            "leaseUntil": date(lease.until),
        };
        match self.collection(RUNS).insert(&claim).await {
            Ok(()) => {}
            Err(StoreError::Conflict(_)) => return Ok(None),
            Err(error) => return Err(error),
        }
        // The slot may have been run and pruned between the token and the insert.
        if !self.collection(JOBS).exists(remembered).await? {
            self.collection(RUNS).delete(doc! { "_id": key(job, slot), "token": token }).await?;
            return Ok(None);
        }
        claimed(&claim).map(Some)
    }

    async fn claim_open(&self, job: &JobName, lease: RunLease) -> StoreResult<Option<ClaimedRun>> {
        give_up(self, job, lease.now).await?;
        let Some(token) = next_token(self, doc! { "_id": job.as_str() }).await? else {
            return Ok(None);
        };
        let lapsed = doc! { "state": "running", "leaseUntil": { "$lte": date(lease.now) }, "token": { "$lt": token } };
        let open = doc! { "job": job.as_str(), "$or": [{ "state": "requested" }, lapsed] };
        let claim = doc! {
            "$set": {
                "state": "running",
                "owner": lease.owner.to_string(),
                "token": token,
                "leaseUntil": date(lease.until),
                "startedAt": date(lease.now),
            },
            "$inc": { "attempts": 1 },
        };
        let first = self.collection(RUNS).find_and_update(Change::new(open, claim).sort(doc! { "slot": 1 })).await?;
        first.as_ref().map(claimed).transpose()
    }

    async fn open_jobs(&self, now: Timestamp) -> StoreResult<Vec<JobName>> {
        let lapsed = doc! { "state": "running", "leaseUntil": { "$lte": date(now) } };
        let stages = vec![
            doc! { "$match": { "$or": [{ "state": "requested" }, lapsed] } },
            doc! { "$group": { "_id": "$job" } },
            doc! { "$sort": { "_id": 1 } },
        ];
        self.collection(RUNS).aggregate(stages, |document| document.parsed("_id")).await
    }

    async fn renew(&self, run: &ClaimedRun, until: Timestamp) -> StoreResult<bool> {
        let renewal = doc! { "$set": { "leaseUntil": date(until) } };
        self.collection(RUNS).update(Change::new(held(run), renewal)).await
    }

    async fn finish(&self, run: &ClaimedRun, error: Option<&str>, now: Timestamp) -> StoreResult<bool> {
        let state = if error.is_none() { "done" } else { "failed" };
        let end =
            doc! { "$set": { "state": state, "error": error, "finishedAt": date(now) }, "$unset": claim_fields() };
        self.collection(RUNS).update(Change::new(held(run), end)).await
    }

    async fn release(&self, run: &ClaimedRun) -> StoreResult<bool> {
        let mut gone = claim_fields();
        gone.insert("startedAt", "");
        let back = doc! { "$set": { "state": "requested" }, "$inc": { "attempts": -1 }, "$unset": gone };
        self.collection(RUNS).update(Change::new(held(run), back)).await
    }

    async fn request(&self, job: &JobName, by: Option<UserId>, now: Timestamp) -> StoreResult<Run> {
        if !self.collection(JOBS).exists(doc! { "_id": job.as_str() }).await? {
            return Err(StoreError::Missing("the job"));
        }
        for _ in 0..ROUNDS {
            let waiting = Query::new(doc! { "job": job.as_str(), "state": "requested" }).sort(doc! { "slot": 1 });
            if let Some(waiting) = self.collection(RUNS).find_one(waiting.current()).await? {
                return run(&waiting);
            }
            let newest = Query::new(doc! { "job": job.as_str() }).sort(doc! { "slot": -1 }).current();
            let newest = self.collection(RUNS).find_one(newest).await?.map(|found| found.time("slot")).transpose()?;
            let free = newest.map_or(now, |newest| now.max(newest + SignedDuration::from_millis(1)));
            let mut request = doc! {
                "_id": key(job, free),
                "job": job.as_str(),
                "slot": date(free),
                "state": "requested",
                "attempts": 0,
            };
            if let Some(by) = by {
                request.insert("requestedBy", by.to_string());
            }
            match self.collection(RUNS).insert(&request).await {
                Ok(()) => return run(&request),
                Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Unavailable("every instant for a run was taken by others".to_owned()))
    }

    async fn runs(&self, job: &JobName, limit: u32) -> StoreResult<Vec<Run>> {
        let newest = Query::new(doc! { "job": job.as_str() }).sort(doc! { "slot": -1 }).limit(limit);
        self.collection(RUNS).find(newest, run).await
    }

    async fn prune_runs(&self, job: &JobName, keep: u32) -> StoreResult<u64> {
        let kept = JobRepo::runs(self, job, keep.saturating_add(1)).await?;
        let Some(oldest) = kept.get(usize::try_from(keep).unwrap_or(usize::MAX)) else {
            return Ok(0);
        };
        // The mark comes first, so that no pruned slot can be claimed again.
        let mark = doc! { "$max": { "forgottenSlot": date(oldest.slot) } };
        self.collection(JOBS).update(Change::new(doc! { "_id": job.as_str() }, mark)).await?;
        let ended = doc! {
            "job": job.as_str(), "state": { "$in": ["done", "failed"] }, "slot": { "$lte": date(oldest.slot) },
        };
        self.collection(RUNS).delete_all(ended).await
    }
}

fn key(job: &JobName, slot: Timestamp) -> String {
    format!("{job}/{}", slot.as_millisecond())
}

/// `None` when there is no such job.
async fn next_token(db: &Database, job: Document) -> StoreResult<Option<i64>> {
    let counted = db.collection(JOBS).find_and_update(Change::new(job, doc! { "$inc": { "token": 1_i64 } })).await?;
    counted.map(|document| document.number("token")).transpose()
}

async fn give_up(db: &Database, job: &JobName, now: Timestamp) -> StoreResult<()> {
    let lost = doc! {
        "job": job.as_str(),
        "state": "running",
        "leaseUntil": { "$lte": date(now) },
        "attempts": { "$gte": MAX_RUN_ATTEMPTS },
    };
    let failed = doc! { "state": "failed", "error": "its worker ended each time", "finishedAt": date(now) };
    let end = doc! { "$set": failed, "$unset": claim_fields() };
    db.collection(RUNS).update_all(Change::new(lost, end)).await?;
    Ok(())
}

fn claim_fields() -> Document {
    doc! { "owner": "", "token": "", "leaseUntil": "" }
}

fn held(run: &ClaimedRun) -> Document {
    doc! {
        "_id": key(&run.job, run.slot),
        "owner": run.owner.to_string(),
        "token": i64::try_from(run.token).unwrap_or(i64::MAX),
        "state": "running",
    }
}

fn job(document: &Document) -> StoreResult<DeclaredJob> {
    Ok(DeclaredJob {
        spec: JobSpec {
            name: document.parsed("_id")?,
            schedule: document.opt_parsed("schedule")?,
            missed: document.nested("missed")?,
            lease: SignedDuration::from_millis(document.number("leaseMs")?),
        },
        declared_at: document.time("declaredAt")?,
    })
}

fn run(document: &Document) -> StoreResult<Run> {
    Ok(Run {
        job: document.parsed("job")?,
        slot: document.time("slot")?,
        state: document.nested("state")?,
        requested_by: document.opt_parsed("requestedBy")?,
        attempts: document.number("attempts")?,
        started_at: document.opt_time("startedAt")?,
        finished_at: document.opt_time("finishedAt")?,
        error: document.opt_text("error")?,
    })
}

fn claimed(document: &Document) -> StoreResult<ClaimedRun> {
    Ok(ClaimedRun {
        job: document.parsed("job")?,
        slot: document.time("slot")?,
        owner: document.parsed("owner")?,
        token: document.number("token")?,
        attempt: document.number("attempts")?,
    })
}
