//! When jobs are due.

use std::sync::Arc;

use collabry_shared::clock::Clock;
use collabry_shared::storage::Stores;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::housekeeping::Housekeeping;

/// Seconds, minutes, hours, day of month, month, day of week; UTC.
const EXPIRE_SESSIONS: &str = "0 7 * * * *";
const FORGET_GENERATION_LOGS: &str = "0 37 * * * *";

#[derive(Debug, thiserror::Error)]
#[error("the scheduler does not start: {0}")]
pub struct ScheduleError(#[from] JobSchedulerError);

#[derive(Debug)]
pub struct Worker {
    jobs: Housekeeping,
    running: TaskTracker,
}

impl Worker {
    pub fn new(stores: Stores, clock: Arc<dyn Clock>) -> Self {
        Self { jobs: Housekeeping { stores, clock }, running: TaskTracker::new() }
    }

    /// Runs jobs as they fall due until `shutdown`, then lets the running ones finish.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), ScheduleError> {
        let mut scheduler = JobScheduler::new().await?;
        scheduler
            .add(self.job(EXPIRE_SESSIONS, "expire-sessions", |jobs| async move { jobs.expire_sessions().await })?)
            .await?;
        let forget = self.job(FORGET_GENERATION_LOGS, "forget-generation-logs", |jobs| async move {
            jobs.forget_generation_logs().await
        })?;
        scheduler.add(forget).await?;
        scheduler.start().await?;
        shutdown.cancelled().await;
        scheduler.shutdown().await?;
        self.running.close();
        self.running.wait().await;
        Ok(())
    }

    fn job<F, R>(&self, schedule: &str, name: &'static str, run: F) -> Result<Job, JobSchedulerError>
    where
        F: Fn(Housekeeping) -> R + Copy + Send + Sync + 'static,
        R: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let (jobs, running) = (self.jobs.clone(), self.running.clone());
        Job::new_async(schedule, move |_, _| {
            let work = run(jobs.clone());
            Box::pin(running.track_future(async move {
                if let Err(error) = work.await {
                    tracing::error!(job = name, error = format!("{error:#}"), "job failed");
                }
            }))
        })
    }
}
