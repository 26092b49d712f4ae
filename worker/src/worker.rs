//! Builds, runs and drains the worker.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use collabry_shared::clock::Clock;
use collabry_shared::config::{Setting, WorkerConfig};
use collabry_shared::health::HealthSource;
use collabry_shared::ids::OwnerId;
use collabry_shared::jobs::{BuiltIn, JobName, JobRepo, Schedule};
use collabry_shared::realtime::FanOut;
use collabry_shared::stores::Stores;
use prometheus_client::registry::Registry;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_cron_scheduler::{Job as CronJob, JobScheduler};
use tokio_util::sync::CancellationToken;

use crate::auth::ExpireSessions;
use crate::backups::BackupJob;
use crate::generations::{EndGenerations, PruneGenerationLogs};
use crate::health::WorkerHealth;
use crate::jobs::{Job, Metrics, PruneRuns, Runner};
use crate::monitor::Monitor;
use crate::notifications::PruneNotifications;
use crate::sources::{ClearFiles, PurgeDeleted};
use crate::usage::RollUpUsage;

/// How often the worker looks for requested and abandoned runs.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// How many runs of a job are searched for the last one that succeeded.
const EARLIER_RUNS: u32 = 100;

/// What a worker is built from. The caller chooses the backends behind the traits.
pub struct WorkerParts {
    pub config: WorkerConfig,
    /// The settings that backups include.
    pub settings: Vec<Setting>,
    /// How long running jobs may take at shutdown; then they are released.
    pub drain: Duration,
    pub stores: Stores,
    pub fan_out: Arc<dyn FanOut>,
    pub clock: Arc<dyn Clock>,
    /// Set where engines are separate processes: all of them may be down, so the worker ends abandoned generations too.
    pub ends_generations: bool,
}

impl WorkerParts {
    /// The jobs that every worker runs.
    fn built_in(&self) -> Vec<Job> {
        let Self { config, stores, clock, .. } = self;
        let spec = |job: BuiltIn| job.spec(&config.schedules);
        let mut jobs = vec![
            Job::new(
                spec(BuiltIn::PURGE_DELETED),
                PurgeDeleted { stores: stores.clone(), clock: Arc::clone(clock), retention: config.retention },
            ),
            Job::new(spec(BuiltIn::CLEAR_FILES), ClearFiles { stores: stores.clone(), clock: Arc::clone(clock) }),
            Job::new(
                spec(BuiltIn::EXPIRE_SESSIONS),
                ExpireSessions { sessions: Arc::clone(&stores.sessions), clock: Arc::clone(clock) },
            ),
            Job::new(
                spec(BuiltIn::FORGET_LOGS),
                PruneGenerationLogs { log: Arc::clone(&stores.generation_log), clock: Arc::clone(clock) },
            ),
            Job::new(
                spec(BuiltIn::FORGET_NOTIFICATIONS),
                PruneNotifications { notifications: Arc::clone(&stores.notifications), clock: Arc::clone(clock) },
            ),
            Job::new(spec(BuiltIn::ROLL_UP_USAGE), RollUpUsage { stores: stores.clone(), clock: Arc::clone(clock) }),
            Job::new(spec(BuiltIn::FORGET_RUNS), PruneRuns { jobs: Arc::clone(&stores.jobs) }),
        ];
        if self.ends_generations {
            let endings = stores.endings(Arc::clone(&self.fan_out), Arc::clone(clock));
            jobs.push(Job::new(spec(BuiltIn::END_GENERATIONS), EndGenerations { endings }));
        }
        if config.backups.location.is_some() {
            let (stores, clock, settings) = (stores.clone(), Arc::clone(clock), self.settings.clone());
            let config = config.backups.clone();
            jobs.push(Job::new(spec(BuiltIn::BACKUP), BackupJob { stores, clock, config, settings }));
        }
        jobs
    }
}

impl fmt::Debug for WorkerParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerParts").field("config", &self.config).finish_non_exhaustive()
    }
}

/// A worker that has been built but is not running yet.
pub struct Worker {
    jobs: Vec<Job>,
    stores: Stores,
    clock: Arc<dyn Clock>,
    drain: Duration,
    owner: OwnerId,
    metrics: Metrics,
    monitor: Monitor,
}

impl Worker {
    pub fn build(parts: WorkerParts) -> Self {
        let jobs = parts.built_in();
        let nightly =
            jobs.iter().any(|Job { spec, .. }| spec.name.as_str() == BuiltIn::BACKUP.name && spec.schedule.is_some());
        let backups = nightly.then(|| parts.config.backups.clone());
        let monitor = Monitor::new(parts.stores.clone(), Arc::clone(&parts.clock), backups);
        Self { monitor, ..Self::with_jobs(jobs, parts.stores, parts.clock, parts.drain) }
    }

    /// Builds a worker with these jobs and no others.
    pub fn with_jobs(jobs: Vec<Job>, stores: Stores, clock: Arc<dyn Clock>, drain: Duration) -> Self {
        let monitor = Monitor::new(stores.clone(), Arc::clone(&clock), None);
        Self { jobs, stores, clock, drain, owner: OwnerId::new(), metrics: Metrics::default(), monitor }
    }

    /// Registers the worker's metrics.
    pub fn register(&self, registry: &mut Registry) {
        self.metrics.register(registry);
        self.monitor.register(registry);
    }

    /// What the health endpoints report. `shutdown` is the token that ends [`run`](Self::run), and `registry` holds the
    /// other metrics of the process.
    pub fn health(&self, shutdown: CancellationToken, mut registry: Registry) -> Arc<dyn HealthSource> {
        self.register(&mut registry);
        Arc::new(WorkerHealth { stores: self.stores.clone(), draining: shutdown, registry })
    }

    /// Runs jobs as they become due until `shutdown`. Then running jobs may finish within the drain time, and those that do
    /// not are released.
    pub async fn run(self, shutdown: CancellationToken) -> anyhow::Result<()> {
        let mut scheduler = JobScheduler::new().await.context("starting the scheduler")?;
        let ledger = &self.stores.jobs;
        let release = CancellationToken::new();
        let mut runners = JoinSet::new();
        let mut wakes = HashMap::new();
        for job in self.jobs {
            let declared = ledger.declare(&job.spec, self.clock.now()).await.context("declaring the jobs")?;
            let earlier = ledger.runs(&job.spec.name, EARLIER_RUNS).await.context("reading the run ledger")?;
            self.metrics.load_earlier(&earlier);
            let wake = Arc::new(Notify::new());
            if let Some(schedule) = &job.spec.schedule {
                scheduler.add(wake_on(schedule, &wake)?).await.context("scheduling the jobs")?;
            }
            wakes.insert(job.spec.name.clone(), Arc::clone(&wake));
            let runner = Runner {
                declared,
                handler: job.handler,
                ledger: Arc::clone(ledger),
                clock: Arc::clone(&self.clock),
                owner: self.owner,
                metrics: self.metrics.clone(),
                wake,
            };
            runners.spawn(runner.run(shutdown.clone(), release.clone()));
        }
        scheduler.start().await.context("starting the scheduler")?;
        let poll = poll_open_runs(ledger.as_ref(), self.clock.as_ref(), &wakes);
        shutdown.run_until_cancelled(async { tokio::join!(poll, self.monitor.run()) }).await;
        scheduler.shutdown().await.context("stopping the scheduler")?;
        let ended = async {
            while let Some(ended) = runners.join_next().await {
                if let Err(error) = ended {
                    tracing::error!(%error, "a job's loop ended unexpectedly");
                }
            }
        };
        tokio::pin!(ended);
        if timeout(self.drain, &mut ended).await.is_err() {
            tracing::info!("releasing the jobs that did not finish within the drain time");
            release.cancel();
            ended.await;
        }
        Ok(())
    }
}

/// Wakes the job's runner at each slot. The scheduler decides only when to check: the ledger decides which slot is due and
/// which worker runs it.
fn wake_on(schedule: &Schedule, wake: &Arc<Notify>) -> anyhow::Result<CronJob> {
    let wake = Arc::clone(wake);
    let tick = CronJob::new(schedule.to_string(), move |_, _| wake.notify_one());
    tick.with_context(|| format!("scheduling {schedule}"))
}

async fn poll_open_runs(ledger: &dyn JobRepo, clock: &dyn Clock, wakes: &HashMap<JobName, Arc<Notify>>) {
    loop {
        match ledger.open_jobs(clock.now()).await {
            Ok(open) => open.iter().filter_map(|job| wakes.get(job)).for_each(|wake| wake.notify_one()),
            Err(error) => tracing::error!(%error, "cannot read the run ledger"),
        }
        sleep(POLL_INTERVAL).await;
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("owner", &self.owner).finish_non_exhaustive()
    }
}
