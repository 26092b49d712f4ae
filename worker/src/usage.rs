//! Counts what users did, day by day.

use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::clock::Clock;
use collabry_shared::jobs::{BuiltIn, RunState};
use collabry_shared::stores::Stores;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::jobs::{Task, Turn};

/// Days that are counted when it is not known when they were last.
const DAYS_BACK: i64 = 31;

/// An answer is counted on the day on which it was asked for, and may end later.
const ENDS_WITHIN: SignedDuration = SignedDuration::from_hours(2);

const RUNS: u32 = 100;

pub(crate) struct RollUpUsage {
    pub stores: Stores,
    pub clock: Arc<dyn Clock>,
}

/// Every day since the last run that came to its end, today included.
#[async_trait]
impl Task for RollUpUsage {
    async fn run(&self, turn: &Turn) -> anyhow::Result<()> {
        let today = date(self.clock.now());
        let mut day = self.first(today).await?;
        while day <= today {
            turn.check().await?;
            self.stores.usage.roll_up(day).await?;
            day = day.tomorrow()?;
        }
        Ok(())
    }
}

impl RollUpUsage {
    async fn first(&self, today: Date) -> anyhow::Result<Date> {
        let oldest = today.checked_sub(DAYS_BACK.days())?;
        let runs = self.stores.jobs.runs(&BuiltIn::ROLL_UP_USAGE.spec(&[]).name, RUNS).await?;
        let done = runs.iter().filter(|run| run.state == RunState::Done).filter_map(|run| run.started_at).max();
        let last = done.and_then(|at| at.checked_sub(ENDS_WITHIN).ok()).map(date);
        Ok(last.map_or(oldest, |last| last.clamp(oldest, today)))
    }
}

fn date(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}
