//! What storage must do for jobs: the ledger of runs.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{DeclaredJob, JobName, JobSpec, Run};
use crate::ids::{OwnerId, UserId};
use crate::storage::StoreResult;

/// A run that this worker may work on until the lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedRun {
    pub job: JobName,
    pub slot: Timestamp,
    pub owner: OwnerId,
    /// Larger than that of every claim of the job before.
    pub token: u64,
    /// How often it was claimed, this time included.
    pub attempt: u32,
}

/// Who claims, when, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct RunLease {
    pub owner: OwnerId,
    pub now: Timestamp,
    pub until: Timestamp,
}

/// Methods that take a [`ClaimedRun`] change nothing and return `false` when it is lost: its owner or its token is not
/// that of the ledger any more.
#[async_trait]
pub trait JobRepo: Send + Sync {
    /// Stores what a worker says of a job; when it was declared first stays.
    async fn declare(&self, spec: &JobSpec, now: Timestamp) -> StoreResult<DeclaredJob>;
    /// By name.
    async fn list(&self) -> StoreResult<Vec<DeclaredJob>>;
    async fn get(&self, job: &JobName) -> StoreResult<Option<DeclaredJob>>;

    /// Takes a slot; `None`: it was taken already, or is so old that the ledger has forgotten it.
    async fn claim_slot(&self, job: &JobName, slot: Timestamp, lease: RunLease) -> StoreResult<Option<ClaimedRun>>;
    /// Takes the oldest run that was requested or whose lease has run out. One that was lost
    /// [`MAX_RUN_ATTEMPTS`](super::MAX_RUN_ATTEMPTS) times fails instead.
    async fn claim_open(&self, job: &JobName, lease: RunLease) -> StoreResult<Option<ClaimedRun>>;
    /// The jobs for which [`claim_open`](JobRepo::claim_open) has something to do.
    async fn open_jobs(&self, now: Timestamp) -> StoreResult<Vec<JobName>>;

    /// Holds the run until `until`, also when its lease has run out and nobody took it.
    async fn renew(&self, run: &ClaimedRun, until: Timestamp) -> StoreResult<bool>;
    /// Ends the run: as done, or as failed with the `error`.
    async fn finish(&self, run: &ClaimedRun, error: Option<&str>, now: Timestamp) -> StoreResult<bool>;
    /// Gives the run back to whoever claims it next, at shutdown; the attempt does not count.
    async fn release(&self, run: &ClaimedRun) -> StoreResult<bool>;

    /// Asks for a run now; asked again while one waits, returns that one. Its slot is `now`, or the first free instant
    /// after. [`StoreError::Missing`](crate::storage::StoreError::Missing) when no worker ever declared the job.
    /// `by` is the admin who asks; `None` is whoever has a shell.
    async fn request(&self, job: &JobName, by: Option<UserId>, now: Timestamp) -> StoreResult<Run>;
    /// The runs with the newest slots, newest first.
    async fn runs(&self, job: &JobName, limit: u32) -> StoreResult<Vec<Run>>;
    /// Forgets all runs but the `keep` newest and those that are open; returns how many. A forgotten slot stays taken.
    async fn prune_runs(&self, job: &JobName, keep: u32) -> StoreResult<u64>;
}
