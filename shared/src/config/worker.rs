//! The settings of the worker.

use jiff::SignedDuration;

use super::backups::BackupConfig;
use super::blobs::S3Access;
use super::reader::Reader;
use crate::jobs::{BUILT_IN, Schedule};

#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// `COLLABRY_RETENTION_DAYS`: how long deleted items are kept; 0: until the next purge.
    pub retention: SignedDuration,
    /// `COLLABRY_JOB_SCHEDULES`: jobs with another schedule than their default; `None`: only on request.
    pub schedules: Vec<(String, Option<Schedule>)>,
    pub backups: BackupConfig,
}

const HOURS_PER_DAY: i64 = 24;

impl WorkerConfig {
    pub(super) fn read(read: &mut Reader<'_>, access: &S3Access) -> Self {
        let days = i64::try_from(read.number("COLLABRY_RETENTION_DAYS", 7, 0..=36_500)).unwrap_or(i64::MAX);
        Self {
            retention: SignedDuration::from_hours(days * HOURS_PER_DAY),
            schedules: read.list("COLLABRY_JOB_SCHEDULES", ';', schedule),
            backups: BackupConfig::read(read, access),
        }
    }
}

fn schedule(text: &str) -> Result<(String, Option<Schedule>), String> {
    let (name, when) = text.split_once('=').ok_or_else(|| format!("{text:?} is not job=schedule"))?;
    let (name, when) = (name.trim(), when.trim());
    if !BUILT_IN.iter().any(|job| job.name == name) {
        let names: Vec<_> = BUILT_IN.iter().map(|job| job.name).collect();
        return Err(format!("{name:?} is not one of {}", names.join(", ")));
    }
    let when = if when == "off" { None } else { Some(when.parse().map_err(|error| format!("{error}, or off"))?) };
    Ok((name.to_owned(), when))
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn read(schedules: &str) -> Result<Vec<(String, Option<String>)>, String> {
        let config = Config::from_lookup(|name| (name == "COLLABRY_JOB_SCHEDULES").then(|| schedules.to_owned()));
        let schedules = config.map_err(|problems| problems.to_string())?.worker.schedules;
        Ok(schedules.into_iter().map(|(name, when)| (name, when.map(|when| when.to_string()))).collect())
    }

    #[test]
    fn jobs_can_run_at_other_times_or_not_at_all() {
        let read_back = read("purge-deleted = 0 0 4 * * *; expire-sessions=off;").unwrap();
        let expected = [("purge-deleted", Some("0 0 4 * * *")), ("expire-sessions", None)];
        assert_eq!(read_back, expected.map(|(name, when)| (name.to_owned(), when.map(str::to_owned))));
    }

    #[test]
    fn every_mistake_is_named() {
        let problems = read("purge=0 0 4 * * *; purge-deleted=daily; nonsense").unwrap_err();
        for part in [
            "3 problem(s)",
            "\"purge\" is not one of",
            "\"daily\" is not a schedule",
            "\"nonsense\" is not job=schedule",
        ] {
            assert!(problems.contains(part), "{part}: {problems}");
        }
    }
}
