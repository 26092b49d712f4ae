//! Scheduled jobs: what is due when, and the ledger of their runs.
//!
//! A run is a row of the ledger under the unique key (job, slot): of any number of workers that find a slot due, the one
//! whose insert succeeds runs it. It holds a lease and a fencing token; a worker that lets its lease run out, because it
//! died or was paused, loses the run to another one, and with the old token it can change nothing any more.

mod catalog;
mod mongo;
mod repo;
mod schedule;
mod sqlite;

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::catalog::{BUILT_IN, BuiltIn};
pub(crate) use self::mongo::INDEXES;
pub use self::repo::{ClaimedRun, JobRepo, RunLease};
pub use self::schedule::{InvalidSchedule, Schedule};
use crate::ids::UserId;

/// How many crashes of its worker a run survives before it counts as failed.
pub const MAX_RUN_ATTEMPTS: u32 = 3;

/// A job's name: lower case letters, digits and dashes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String)]
pub struct JobName(String);

#[derive(Debug, thiserror::Error)]
#[error("invalid job name")]
pub struct InvalidJobName;

const MAX_NAME_BYTES: usize = 64;

impl JobName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for JobName {
    type Err = InvalidJobName;

    fn from_str(text: &str) -> Result<Self, InvalidJobName> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let valid = !text.is_empty() && text.len() <= MAX_NAME_BYTES && text.bytes().all(fits);
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidJobName) }
    }
}

impl TryFrom<String> for JobName {
    type Error = InvalidJobName;

    fn try_from(text: String) -> Result<Self, InvalidJobName> {
        text.parse()
    }
}

impl From<JobName> for String {
    fn from(name: JobName) -> Self {
        name.0
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What happens to a slot that passed while no worker ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Missed {
    /// The newest missed slot is run late; earlier ones are not run.
    CatchUp,
    /// Missed slots are not run.
    Skip,
}

/// A job as a worker declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct JobSpec {
    pub name: JobName,
    /// `None`: the job runs only on request.
    pub schedule: Option<Schedule>,
    pub missed: Missed,
    /// A worker that has not renewed a run for this long counts as dead.
    pub lease: SignedDuration,
}

/// A job that workers have declared.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclaredJob {
    pub spec: JobSpec,
    /// When it was first declared: no slot before that was missed.
    pub declared_at: Timestamp,
}

impl DeclaredJob {
    /// The newest slot at `now` that may have to be run; `None` when there was none since the job was declared.
    pub fn due_slot(&self, now: Timestamp) -> Option<Timestamp> {
        let slot = self.spec.schedule.as_ref()?.latest(now)?;
        (slot > self.declared_at).then_some(slot)
    }
}

/// A run of a job, or a request for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub job: JobName,
    /// When the run was due or requested.
    pub slot: Timestamp,
    pub state: RunState,
    /// The admin who requested it; `None`: the schedule, or an operator with a shell.
    pub requested_by: Option<UserId>,
    /// How many times a worker started it.
    pub attempts: u32,
    /// When the last attempt started.
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Waiting for a worker.
    Requested,
    Running,
    Done,
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_plain_word() {
        for good in ["purge-deleted", "a", "x2"] {
            assert_eq!(good.parse::<JobName>().unwrap().as_str(), good);
        }
        for bad in ["", "Purge", "a b", "a/b", "ä", "\0", &"a".repeat(65)] {
            assert!(bad.parse::<JobName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn nothing_was_missed_before_the_job_was_declared() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let spec = JobSpec {
            name: "x".parse().unwrap(),
            schedule: Some("0 5 * * * *".parse().unwrap()),
            missed: Missed::CatchUp,
            lease: SignedDuration::from_secs(60),
        };
        let job = DeclaredJob { spec, declared_at: at("2026-03-01T12:05:00Z") };
        assert_eq!(job.due_slot(at("2026-03-01T13:04:59Z")), None);
        assert_eq!(job.due_slot(at("2026-03-01T13:05:00Z")), Some(at("2026-03-01T13:05:00Z")));
        assert_eq!(job.due_slot(at("2026-03-04T00:00:00.5Z")), Some(at("2026-03-03T23:05:00Z")), "only the newest");
        let asked_for = DeclaredJob { spec: JobSpec { schedule: None, ..job.spec }, ..job };
        assert_eq!(asked_for.due_slot(at("2026-03-04T00:00:00Z")), None);
    }
}
