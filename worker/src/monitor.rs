//! What every worker monitors all the time, whichever worker runs a job: questions that no ai-engine claims, even when
//! none is running to report it, and whether there are backups.

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

use crate::backups::BackupStore;

/// How long a question may wait before it counts as unclaimed; a free engine claims it at once.
const UNCLAIMED_AFTER: SignedDuration = SignedDuration::from_secs(5);
const QUESTIONS_INTERVAL: Duration = Duration::from_secs(5);
const BACKUPS_INTERVAL: Duration = Duration::from_secs(30);
/// How many runs of the backup are searched for the last one that ended.
const RUNS_SEARCHED: u32 = 20;

/// The gauges exist from the start, so that "never happened" differs from "not measured".
#[derive(Debug, Clone, Default)]
struct Metrics {
    unclaimed: Gauge,
    configured: Gauge,
    since: Gauge,
    store_up: Gauge,
    last_made: Gauge,
    failed: Gauge,
}

pub(crate) struct Monitor {
    stores: Stores,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    /// The settings of the nightly backup; `None` when there is none.
    backups: Option<BackupConfig>,
}

impl Monitor {
    pub fn new(stores: Stores, clock: Arc<dyn Clock>, backups: Option<BackupConfig>) -> Self {
        let metrics = Metrics::default();
        metrics.configured.set(i64::from(backups.is_some()));
        Self { stores, clock, metrics, backups }
    }

    pub fn register(&self, registry: &mut Registry) {
        let registry = ours(registry).sub_registry_with_prefix("worker");
        let Metrics { unclaimed, configured, since, store_up, last_made, failed } = self.metrics.clone();
        registry.register("questions_unclaimed", "Questions that no engine has claimed for five seconds", unclaimed);
        registry.register("backup_configured", "Whether backups are scheduled", configured);
        let help = "When backups were first scheduled, in seconds since 1970; 0: never";
        registry.register("backup_since_time_seconds", help, since);
        registry.register("backup_place_up", "Whether the backup store can be read", store_up);
        let help = "Time of the newest backup in the backup store, in seconds since 1970; 0: there is none";
        registry.register("backup_made_time_seconds", help, last_made);
        let help = "Whether the last run of the backup failed and no backup was made since";
        registry.register("backup_failed", help, failed);
    }

    /// Never returns.
    pub async fn run(&self) {
        tokio::join!(self.monitor_questions(), self.monitor_backups());
    }

    async fn monitor_questions(&self) {
        let mut interval = interval(QUESTIONS_INTERVAL);
        loop {
            interval.tick().await;
            let before = self.clock.now().saturating_sub(UNCLAIMED_AFTER).unwrap_or(Timestamp::MIN);
            match self.stores.generations.unclaimed(before).await {
                Ok(unclaimed) => {
                    self.metrics.unclaimed.set(i64::try_from(unclaimed.len()).unwrap_or(i64::MAX));
                }
                Err(error) => tracing::error!(%error, "cannot count unclaimed questions"),
            }
        }
    }

    async fn monitor_backups(&self) {
        let Some(config) = &self.backups else { return };
        let mut interval = interval(BACKUPS_INTERVAL);
        loop {
            interval.tick().await;
            let names = self.backup_names(config).await;
            self.metrics.store_up.set(i64::from(names.is_ok()));
            let last_made = match names {
                Ok(names) => names.iter().rev().find_map(|name| BackupStore::time(name)),
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "cannot read the backup store");
                    continue;
                }
            };
            self.metrics.last_made.set(last_made.map_or(0, Timestamp::as_second));
            match backup_job(self.stores.jobs.as_ref()).await {
                Ok((since, last)) => {
                    self.metrics.since.set(since.map_or(0, Timestamp::as_second));
                    let failed = last.is_some_and(|run| run.state == RunState::Failed && last_made < Some(run.slot));
                    self.metrics.failed.set(i64::from(failed));
                }
                Err(error) => tracing::error!(%error, "cannot read the runs of the backup job"),
            }
        }
    }

    /// Opens the store each time, as each backup does: it may be unavailable for a while.
    async fn backup_names(&self, config: &BackupConfig) -> anyhow::Result<Vec<String>> {
        BackupStore::open(config, self.clock.now())?.context("COLLABRY_BACKUP_URL is not set")?.names().await
    }
}

/// When the backup job was first declared, and its last run that ended.
async fn backup_job(jobs: &dyn JobRepo) -> StoreResult<(Option<Timestamp>, Option<Run>)> {
    let name = BuiltIn::BACKUP.spec(&[]).name;
    let job = jobs.get(&name).await?;
    let runs = jobs.runs(&name, RUNS_SEARCHED).await?;
    let ended = runs.into_iter().find(|run| matches!(run.state, RunState::Done | RunState::Failed));
    Ok((job.map(|job| job.declared_at), ended))
}
