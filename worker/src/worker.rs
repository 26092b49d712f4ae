//! Builds, runs and drains the worker.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use collabry_shared::clock::Clock;
use collabry_shared::config::{Setting, WorkerConfig};
use collabry_shared::health::Vitals;
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
use crate::backups::BackUp;
use crate::generations::{EndGenerations, ForgetLogs};
use crate::jobs::{ForgetRuns, Job, Metrics, Runner};
use crate::lookout::Lookout;
use crate::notifications::ForgetNotifications;
use crate::sources::{ClearFiles, PurgeDeleted};
use crate::usage::RollUpUsage;
use crate::vitals::WorkerVitals;

/// How often requested and abandoned runs are looked for.
const POLL: Duration = Duration::from_secs(2);

/// Among them the last one that was done is looked for.
const EARLIER_RUNS: u32 = 100;

/// What a worker is made of; which backends are behind the traits is decided by whoever builds it.
pub struct WorkerParts {
    pub config: WorkerConfig,
    /// What is set, for backups.
    pub settings: Vec<Setting>,
    /// What running jobs have left at shutdown; after it they are given back.
    pub drain: Duration,
    pub stores: Stores,
    pub fan_out: Arc<dyn FanOut>,
    pub clock: Arc<dyn Clock>,
    /// Engines are processes of their own, and may all be gone: generations are ended here too.
    pub ends_generations: bool,
}

impl WorkerParts {
    /// The jobs of every worker.
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
                ForgetLogs { log: Arc::clone(&stores.generation_log), clock: Arc::clone(clock) },
            ),
            Job::new(
                spec(BuiltIn::FORGET_NOTIFICATIONS),
                ForgetNotifications { notifications: Arc::clone(&stores.notifications), clock: Arc::clone(clock) },
            ),
            Job::new(spec(BuiltIn::ROLL_UP_USAGE), RollUpUsage { stores: stores.clone(), clock: Arc::clone(clock) }),
            Job::new(spec(BuiltIn::FORGET_RUNS), ForgetRuns { jobs: Arc::clone(&stores.jobs) }),
        ];
        if self.ends_generations {
            let endings = stores.endings(Arc::clone(&self.fan_out), Arc::clone(clock));
            jobs.push(Job::new(spec(BuiltIn::END_GENERATIONS), EndGenerations { endings }));
        }
        if config.backups.place.is_some() {
            let (stores, clock, settings) = (stores.clone(), Arc::clone(clock), self.settings.clone());
            let config = config.backups.clone();
            jobs.push(Job::new(spec(BuiltIn::BACKUP), BackUp { stores, clock, config, settings }));
        }
        jobs
    }
}

impl fmt::Debug for WorkerParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerParts").field("config", &self.config).finish_non_exhaustive()
    }
}

/// A built worker, not yet running.
pub struct Worker {
    jobs: Vec<Job>,
    stores: Stores,
    clock: Arc<dyn Clock>,
    drain: Duration,
    owner: OwnerId,
    metrics: Metrics,
    lookout: Lookout,
}

impl Worker {
    pub fn build(parts: WorkerParts) -> Self {
        let jobs = parts.built_in();
        let nightly =
            jobs.iter().any(|Job { spec, .. }| spec.name.as_str() == BuiltIn::BACKUP.name && spec.schedule.is_some());
        let backups = nightly.then(|| parts.config.backups.clone());
        let lookout = Lookout::new(parts.stores.clone(), Arc::clone(&parts.clock), backups);
        Self { lookout, ..Self::with_jobs(jobs, parts.stores, parts.clock, parts.drain) }
    }

    /// A worker that has these jobs and no other.
    pub fn with_jobs(jobs: Vec<Job>, stores: Stores, clock: Arc<dyn Clock>, drain: Duration) -> Self {
        let lookout = Lookout::new(stores.clone(), Arc::clone(&clock), None);
        Self { jobs, stores, clock, drain, owner: OwnerId::new(), metrics: Metrics::default(), lookout }
    }

    /// Adds what the worker counts.
    pub fn register(&self, registry: &mut Registry) {
        self.metrics.register(registry);
        self.lookout.register(registry);
    }

    /// What the health endpoints say of it; `shutdown` is the one that ends [`run`](Self::run), and `registry` holds what
    /// else the process counts.
    pub fn vitals(&self, shutdown: CancellationToken, mut registry: Registry) -> Arc<dyn Vitals> {
        self.register(&mut registry);
        Arc::new(WorkerVitals { stores: self.stores.clone(), draining: shutdown, registry })
    }

    /// Runs jobs as they fall due until `shutdown`; then lets the running ones finish within the drain time, and gives
    /// back what is not finished by then.
    pub async fn run(self, shutdown: CancellationToken) -> anyhow::Result<()> {
        let mut scheduler = JobScheduler::new().await.context("starting the scheduler")?;
        let ledger = &self.stores.jobs;
        let (give_back, mut runners, mut wakes) = (CancellationToken::new(), JoinSet::new(), HashMap::new());
        for job in self.jobs {
            let declared = ledger.declare(&job.spec, self.clock.now()).await.context("declaring the jobs")?;
            let earlier = ledger.runs(&job.spec.name, EARLIER_RUNS).await.context("reading the ledger of jobs")?;
            self.metrics.earlier(&earlier);
            let wake = Arc::new(Notify::new());
            if let Some(schedule) = &job.spec.schedule {
                scheduler.add(says_when(schedule, &wake)?).await.context("scheduling the jobs")?;
            }
            wakes.insert(job.spec.name.clone(), Arc::clone(&wake));
            let runner = Runner {
                declared,
                task: job.task,
                ledger: Arc::clone(ledger),
                clock: Arc::clone(&self.clock),
                owner: self.owner,
                metrics: self.metrics.clone(),
                wake,
            };
            runners.spawn(runner.run(shutdown.clone(), give_back.clone()));
        }
        scheduler.start().await.context("starting the scheduler")?;
        let look = look_for_open_runs(ledger.as_ref(), self.clock.as_ref(), &wakes);
        shutdown.run_until_cancelled(async { tokio::join!(look, self.lookout.run()) }).await;
        scheduler.shutdown().await.context("ending the scheduler")?;
        let ended = async {
            while let Some(ended) = runners.join_next().await {
                if let Err(error) = ended {
                    tracing::error!(%error, "a job's loop ended unexpectedly");
                }
            }
        };
        tokio::pin!(ended);
        if timeout(self.drain, &mut ended).await.is_err() {
            tracing::info!("giving back the jobs that did not finish within the drain time");
            give_back.cancel();
            ended.await;
        }
        Ok(())
    }
}

/// The scheduler decides nothing but when to look: which slot is due, and whose it is, says the ledger.
fn says_when(schedule: &Schedule, wake: &Arc<Notify>) -> anyhow::Result<CronJob> {
    let wake = Arc::clone(wake);
    let tick = CronJob::new(schedule.to_string(), move |_, _| wake.notify_one());
    tick.with_context(|| format!("scheduling {schedule}"))
}

async fn look_for_open_runs(ledger: &dyn JobRepo, clock: &dyn Clock, wakes: &HashMap<JobName, Arc<Notify>>) {
    loop {
        match ledger.open(clock.now()).await {
            Ok(open) => open.iter().filter_map(|job| wakes.get(job)).for_each(|wake| wake.notify_one()),
            Err(error) => tracing::error!(%error, "open runs cannot be looked for"),
        }
        sleep(POLL).await;
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("owner", &self.owner).finish_non_exhaustive()
    }
}
