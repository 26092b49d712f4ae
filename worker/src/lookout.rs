//! What every worker looks at all the time, whoever's turn a job is: questions that nobody takes up, also when there is no
//! ai-engine to say so, and whether there are backups.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use collabry_shared::clock::Clock;
use collabry_shared::config::BackupConfig;
use collabry_shared::health::metrics::ours;
use collabry_shared::jobs::{BuiltIn, JobRepo, Run, RunState};
use collabry_shared::storage::StoreResult;
use collabry_shared::stores::Stores;
use jiff::{SignedDuration, Timestamp};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::time::interval;

use crate::backups::Place;

/// A question that waits for longer was not taken up at once.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_secs(5);
const QUESTIONS: Duration = Duration::from_secs(5);
const BACKUPS: Duration = Duration::from_secs(30);
/// Among them the last one that ended is looked for.
const RUNS: u32 = 20;

/// Gauges that are there from the start, so that what never happened can be told from what nobody counts.
#[derive(Debug, Clone, Default)]
struct Metrics {
    unclaimed: Gauge,
    configured: Gauge,
    since: Gauge,
    place_up: Gauge,
    made: Gauge,
    failed: Gauge,
}

pub(crate) struct Lookout {
    stores: Stores,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    /// Of the backups of each night; `None`: none are made.
    backups: Option<BackupConfig>,
}

impl Lookout {
    pub fn new(stores: Stores, clock: Arc<dyn Clock>, backups: Option<BackupConfig>) -> Self {
        let metrics = Metrics::default();
        metrics.configured.set(i64::from(backups.is_some()));
        Self { stores, clock, metrics, backups }
    }

    pub fn register(&self, registry: &mut Registry) {
        let registry = ours(registry).sub_registry_with_prefix("worker");
        let Metrics { unclaimed, configured, since, place_up, made, failed } = self.metrics.clone();
        registry.register("questions_unclaimed", "Questions that no engine has taken up for five seconds", unclaimed);
        registry.register("backup_configured", "Whether a backup is made from time to time", configured);
        let help = "When backups were first to be made, in seconds since 1970; 0: never";
        registry.register("backup_since_time_seconds", help, since);
        registry.register("backup_place_up", "Whether the place of the backups can be read", place_up);
        let help = "Time of the newest backup in its place, in seconds since 1970; 0: there is none";
        registry.register("backup_made_time_seconds", help, made);
        let help = "Whether the last run of the backup failed, and none was made since";
        registry.register("backup_failed", help, failed);
    }

    /// Without end.
    pub async fn run(&self) {
        tokio::join!(self.questions(), self.backups());
    }

    async fn questions(&self) {
        let mut often = interval(QUESTIONS);
        loop {
            often.tick().await;
            let before = self.clock.now().saturating_sub(FORGOTTEN_AFTER).unwrap_or(Timestamp::MIN);
            match self.stores.generations.unclaimed(before).await {
                Ok(unclaimed) => {
                    self.metrics.unclaimed.set(i64::try_from(unclaimed.len()).unwrap_or(i64::MAX));
                }
                Err(error) => tracing::error!(%error, "questions that wait cannot be counted"),
            }
        }
    }

    async fn backups(&self) {
        let Some(config) = &self.backups else { return };
        let mut often = interval(BACKUPS);
        loop {
            often.tick().await;
            let names = self.names(config).await;
            self.metrics.place_up.set(i64::from(names.is_ok()));
            let made = match names {
                Ok(names) => names.iter().rev().find_map(|name| Place::time(name)),
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "the place of the backups cannot be read");
                    continue;
                }
            };
            self.metrics.made.set(made.map_or(0, Timestamp::as_second));
            match ledger(self.stores.jobs.as_ref()).await {
                Ok((since, last)) => {
                    self.metrics.since.set(since.map_or(0, Timestamp::as_second));
                    let failed = last.is_some_and(|run| run.state == RunState::Failed && made < Some(run.slot));
                    self.metrics.failed.set(i64::from(failed));
                }
                Err(error) => tracing::error!(%error, "runs of the backup cannot be looked for"),
            }
        }
    }

    /// Opened for each look, as for each backup: it may be away for a while.
    async fn names(&self, config: &BackupConfig) -> anyhow::Result<Vec<String>> {
        Place::open(config, self.clock.now())?.context("COLLABRY_BACKUP_URL is not set")?.names().await
    }
}

/// Since when backups are to be made, and the last try that ended.
async fn ledger(jobs: &dyn JobRepo) -> StoreResult<(Option<Timestamp>, Option<Run>)> {
    let name = BuiltIn::BACKUP.spec(&[]).name;
    let job = jobs.get(&name).await?;
    let runs = jobs.runs(&name, RUNS).await?;
    let ended = runs.into_iter().find(|run| matches!(run.state, RunState::Done | RunState::Failed));
    Ok((job.map(|job| job.declared_at), ended))
}
