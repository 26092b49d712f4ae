//! The built-in jobs with their default schedules.

use jiff::SignedDuration;

use super::{JobSpec, Missed, Schedule};

/// A built-in job.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    pub name: &'static str,
    schedule: &'static str,
    missed: Missed,
    lease_secs: i64,
}

impl BuiltIn {
    /// Ends generations whose engine is gone.
    pub const END_GENERATIONS: Self = Self::new("end-generations", "*/2 * * * * *", Missed::Skip, 10);
    /// Purges deleted items after their retention.
    pub const PURGE_DELETED: Self = Self::new("purge-deleted", "0 * * * * *", Missed::CatchUp, 60);
    /// Removes files of killed uploads.
    pub const CLEAR_FILES: Self = Self::new("clear-files", "0 17 * * * *", Missed::Skip, 300);
    pub const EXPIRE_SESSIONS: Self = Self::new("expire-sessions", "0 7 * * * *", Missed::CatchUp, 60);
    pub const FORGET_LOGS: Self = Self::new("forget-generation-logs", "0 37 * * * *", Missed::CatchUp, 60);
    pub const FORGET_NOTIFICATIONS: Self = Self::new("forget-notifications", "0 27 * * * *", Missed::CatchUp, 60);
    pub const ROLL_UP_USAGE: Self = Self::new("roll-up-usage", "0 5 * * * *", Missed::CatchUp, 60);
    /// Makes a backup.
    pub const BACKUP: Self = Self::new("backup", "0 30 2 * * *", Missed::CatchUp, 120);
    /// Prunes the run ledger.
    pub const FORGET_RUNS: Self = Self::new("forget-runs", "0 47 * * * *", Missed::Skip, 60);

    const fn new(name: &'static str, schedule: &'static str, missed: Missed, lease_secs: i64) -> Self {
        Self { name, schedule, missed, lease_secs }
    }

    /// The job's spec, with the schedule from `others` when it is named there.
    pub fn spec(&self, others: &[(String, Option<Schedule>)]) -> JobSpec {
        let (Ok(name), Ok(schedule)) = (self.name.parse(), self.schedule.parse()) else {
            unreachable!("name and schedule of {} parse", self.name)
        };
        let configured = others.iter().rev().find(|(name, _)| name == self.name);
        JobSpec {
            name,
            schedule: configured.map_or(Some(schedule), |(_, schedule)| schedule.clone()),
            missed: self.missed,
            lease: SignedDuration::from_secs(self.lease_secs),
        }
    }
}

pub const BUILT_IN: [BuiltIn; 9] = [
    BuiltIn::END_GENERATIONS,
    BuiltIn::PURGE_DELETED,
    BuiltIn::CLEAR_FILES,
    BuiltIn::EXPIRE_SESSIONS,
    BuiltIn::FORGET_LOGS,
    BuiltIn::FORGET_NOTIFICATIONS,
    BuiltIn::ROLL_UP_USAGE,
    BuiltIn::BACKUP,
    BuiltIn::FORGET_RUNS,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_in_parses_and_can_be_changed() {
        for job in &BUILT_IN {
            assert_eq!(job.spec(&[]).schedule.unwrap().to_string(), job.schedule);
        }
        let off = [("purge-deleted".to_owned(), None)];
        assert_eq!(BuiltIn::PURGE_DELETED.spec(&off).schedule, None);
        assert!(BuiltIn::FORGET_RUNS.spec(&off).schedule.is_some());
    }
}
