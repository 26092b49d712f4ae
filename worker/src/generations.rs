//! Generations that nobody works on any more, and logs that nobody reads any more.

use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::clock::Clock;
use collabry_shared::generations::{Endings, GenerationLog};
use jiff::{SignedDuration, Timestamp};

use crate::jobs::{Task, Turn};

/// How long a finished generation can still be replayed event by event; its answer stays for good.
const LOG_RETENTION: SignedDuration = SignedDuration::from_hours(24);

/// Living engines come first: they begin those again of which nothing was shown.
const ENGINES_FIRST: SignedDuration = SignedDuration::from_millis(1500);

pub(crate) struct EndGenerations {
    pub endings: Endings,
}

#[async_trait]
impl Task for EndGenerations {
    async fn run(&self, turn: &Turn) -> anyhow::Result<()> {
        turn.check().await?;
        let lapsed_before = before(self.endings.clock.now(), ENGINES_FIRST);
        let ended = self.endings.end_abandoned(turn.owner(), lapsed_before).await?;
        if ended > 0 {
            tracing::info!(ended, "generations of dead engines ended");
        }
        Ok(())
    }
}

pub(crate) struct ForgetLogs {
    pub log: Arc<dyn GenerationLog>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Task for ForgetLogs {
    async fn run(&self, turn: &Turn) -> anyhow::Result<()> {
        turn.check().await?;
        let gone = self.log.forget(before(self.clock.now(), LOG_RETENTION)).await?;
        tracing::info!(gone, "old generation logs removed");
        Ok(())
    }
}

fn before(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.saturating_sub(by).unwrap_or(Timestamp::MIN)
}
