//! When a job is due.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds};
use jiff::Timestamp;

/// Seconds, minutes, hours, day of month, month, day of week; UTC.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule(Cron);

#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a schedule: seconds, minutes, hours, day of month, month, day of week, as in \"0 30 4 * * *\"")]
pub struct InvalidSchedule(String);

impl Schedule {
    /// The newest slot that is not after `now`.
    pub fn latest(&self, now: Timestamp) -> Option<Timestamp> {
        slot(self.0.find_previous_occurrence(&second(now)?, true).ok()?)
    }

    /// The first slot after `now`.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        slot(self.0.find_next_occurrence(&second(now)?, false).ok()?)
    }
}

/// The whole second, as the cron library counts time.
fn second(at: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(at.as_millisecond().div_euclid(1000), 0)
}

fn slot(at: DateTime<Utc>) -> Option<Timestamp> {
    Timestamp::from_second(at.timestamp()).ok()
}

impl FromStr for Schedule {
    type Err = InvalidSchedule;

    fn from_str(text: &str) -> Result<Self, InvalidSchedule> {
        // As tokio-cron-scheduler reads it.
        let parser = CronParser::builder().seconds(Seconds::Required).dom_and_dow(true).build();
        let schedule = parser.parse(text.trim()).map(Self).map_err(|_| InvalidSchedule(text.to_owned()))?;
        // 30 February is well written, and never comes.
        if schedule.next(Timestamp::UNIX_EPOCH).is_some() {
            Ok(schedule)
        } else {
            Err(InvalidSchedule(text.to_owned()))
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn slots_are_whole_seconds_around_now() {
        let schedule: Schedule = "0 5 * * * *".parse().unwrap();
        assert_eq!(schedule.latest(at("2026-03-01T12:05:00.000Z")), Some(at("2026-03-01T12:05:00Z")));
        assert_eq!(schedule.latest(at("2026-03-01T12:04:59.999Z")), Some(at("2026-03-01T11:05:00Z")));
        assert_eq!(schedule.next(at("2026-03-01T12:05:00.000Z")), Some(at("2026-03-01T13:05:00Z")));
        assert_eq!(schedule.next(at("2026-03-01T12:04:59.999Z")), Some(at("2026-03-01T12:05:00Z")));
        assert_eq!(schedule.to_string(), "0 5 * * * *");
    }

    #[test]
    fn what_never_comes_is_no_schedule() {
        for bad in ["", "* * * * *", "0 0 0 30 2 *", "61 * * * * *", "daily"] {
            assert!(bad.parse::<Schedule>().is_err(), "{bad:?}");
        }
    }
}
