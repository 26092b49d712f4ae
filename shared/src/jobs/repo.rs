//! Storage of jobs and the ledger of their runs.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{DeclaredJob, JobName, JobSpec, Run};
use crate::ids::{OwnerId, UserId};
use crate::storage::StoreResult;

/// A run that this worker may execute until the lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedRun {
    pub job: JobName,
    pub slot: Timestamp,
    pub owner: OwnerId,
    /// Larger than the token of every earlier claim of the job.
    pub token: u64,
    /// How many times the run was claimed, this time included.
    pub attempt: u32,
}

/// Who claims, when, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct RunLease {
    pub owner: OwnerId,
    pub now: Timestamp,
    pub until: Timestamp,
}

/// Methods that take a [`ClaimedRun`] change nothing and return `false` when it is lost: the ledger has another owner or
/// token by then.
#[async_trait]
pub trait JobRepo: Send + Sync {
    /// Stores a job as a worker declares it, and keeps when it was first declared.
    async fn declare(&self, spec: &JobSpec, now: Timestamp) -> StoreResult<DeclaredJob>;
    /// By name.
    async fn list(&self) -> StoreResult<Vec<DeclaredJob>>;
    async fn get(&self, job: &JobName) -> StoreResult<Option<DeclaredJob>>;

    /// Claims a slot; `None`: it was claimed already, or is so old that it was pruned from the ledger.
    async fn claim_slot(&self, job: &JobName, slot: Timestamp, lease: RunLease) -> StoreResult<Option<ClaimedRun>>;
    /// Claims the oldest run that was requested or whose lease has expired. A run that was lost
    /// [`MAX_RUN_ATTEMPTS`](super::MAX_RUN_ATTEMPTS) times fails instead.
    async fn claim_open(&self, job: &JobName, lease: RunLease) -> StoreResult<Option<ClaimedRun>>;
    /// The jobs for which [`claim_open`](JobRepo::claim_open) has something to do.
    async fn open_jobs(&self, now: Timestamp) -> StoreResult<Vec<JobName>>;

    /// Extends the lease until `until`, also when it has expired and nobody else has claimed the run.
    async fn renew(&self, run: &ClaimedRun, until: Timestamp) -> StoreResult<bool>;
    /// Ends the run: as done, or as failed with the `error`.
    async fn finish(&self, run: &ClaimedRun, error: Option<&str>, now: Timestamp) -> StoreResult<bool>;
    /// Releases the run for another claim, at shutdown; the attempt does not count.
    async fn release(&self, run: &ClaimedRun) -> StoreResult<bool>;

    /// Requests a run now, or returns the one that is already waiting. Its slot is `now`, or the first free instant after.
    /// `by` is the admin who requests it; `None`: an operator with a shell.
    /// [`StoreError::Missing`](crate::storage::StoreError::Missing) when no worker ever declared the job.
    async fn request(&self, job: &JobName, by: Option<UserId>, now: Timestamp) -> StoreResult<Run>;
    /// The runs with the newest slots, newest first.
    async fn runs(&self, job: &JobName, limit: u32) -> StoreResult<Vec<Run>>;
    /// Deletes all runs but the `keep` newest and those that are open; returns how many. A pruned slot stays taken.
    async fn prune_runs(&self, job: &JobName, keep: u32) -> StoreResult<u64>;
}
