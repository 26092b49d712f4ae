//! Counts each user's activity by day.

use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::clock::Clock;
use collabry_shared::jobs::{BuiltIn, RunState};
use collabry_shared::stores::Stores;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::jobs::{JobHandler, LeasedRun};

/// How many days are counted at most, and when no run is known to have succeeded.
const MAX_DAYS_BACK: i64 = 31;

/// How long an answer may take. It counts for the day on which it was requested and may end on the next, so that the days
/// before a run are counted again.
const MAX_ANSWER_TIME: SignedDuration = SignedDuration::from_hours(2);

/// How many runs are searched for the last one that succeeded.
const RUNS_SEARCHED: u32 = 100;

pub(crate) struct RollUpUsage {
    pub stores: Stores,
    pub clock: Arc<dyn Clock>,
}

/// Counts every day since the last run that succeeded, today included.
#[async_trait]
impl JobHandler for RollUpUsage {
    async fn run(&self, run: &LeasedRun) -> anyhow::Result<()> {
        let today = utc_date(self.clock.now());
        let mut day = self.first_day(today).await?;
        while day <= today {
            run.check_lease().await?;
            self.stores.usage.roll_up(day).await?;
            day = day.tomorrow()?;
        }
        Ok(())
    }
}

impl RollUpUsage {
    async fn first_day(&self, today: Date) -> anyhow::Result<Date> {
        let oldest = today.checked_sub(MAX_DAYS_BACK.days())?;
        let runs = self.stores.jobs.runs(&BuiltIn::ROLL_UP_USAGE.spec(&[]).name, RUNS_SEARCHED).await?;
        let done = runs.iter().filter(|run| run.state == RunState::Done).filter_map(|run| run.started_at).max();
        let last = done.and_then(|at| at.checked_sub(MAX_ANSWER_TIME).ok()).map(utc_date);
        Ok(last.map_or(oldest, |last| last.clamp(oldest, today)))
    }
}

fn utc_date(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}
