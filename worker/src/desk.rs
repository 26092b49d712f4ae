//! What an admin asks over HTTP, for whoever has a shell and the settings, and needs no account: jobs, and the log level.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use collabry_shared::clock::{Clock as _, SystemClock};
use collabry_shared::config::Config;
use collabry_shared::coordination::Change;
use collabry_shared::coordination::{self, Sockets};
use collabry_shared::jobs::{JobName, Run, RunState};
use collabry_shared::storage::StoreError;
use collabry_shared::stores::{self, Stores};
use jiff::SignedDuration;

/// The newest runs of each job.
const SHOWN: u32 = 3;

/// A run that was asked for is looked at this often.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A day: what is wanted for longer belongs into the configuration.
const LONGEST: i64 = 24 * 60 * 60;

#[derive(Debug, Subcommand)]
pub enum DeskCommand {
    /// List the jobs with their last runs, or run one now
    Jobs(JobsOptions),
    /// Log more, or less, for a while: every process of every role, within seconds
    LogLevel(LogLevelOptions),
}

#[derive(Debug, Args)]
pub struct JobsOptions {
    #[command(subcommand)]
    command: Option<JobsCommand>,
}

#[derive(Debug, Subcommand)]
enum JobsCommand {
    /// Have a worker run a job now, and wait for its end: exit code 1 when it fails
    Run {
        /// As the list names it, for example `backup`
        name: String,
        /// Seconds to wait for its end
        #[arg(long, default_value_t = 600)]
        wait: u64,
    },
}

#[derive(Debug, Args)]
pub struct LogLevelOptions {
    /// As in `COLLABRY_LOG`: `debug`, or `info,collabry_api=debug`. Without one: back to what is configured
    filter: Option<String>,
    /// For how long, in seconds, up to a day
    #[arg(long, default_value_t = 900, value_parser = clap::value_parser!(i64).range(1..=LONGEST))]
    for_secs: i64,
}

/// One of the commands, on a runtime of its own.
pub fn run(config: &Config, command: &DeskCommand) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(chosen(config, command))
}

async fn chosen(config: &Config, command: &DeskCommand) -> anyhow::Result<ExitCode> {
    match command {
        DeskCommand::Jobs(JobsOptions { command: None }) => list(&stores(config).await?).await,
        DeskCommand::Jobs(JobsOptions { command: Some(JobsCommand::Run { name, wait }) }) => {
            run_job(&stores(config).await?, name, Duration::from_secs(*wait)).await
        }
        DeskCommand::LogLevel(options) => log_level(config, options).await,
    }
}

/// Redis has no part in the ledger of jobs.
async fn stores(config: &Config) -> anyhow::Result<Stores> {
    let without_redis = Config { redis: None, ..config.clone() };
    let coordination = coordination::open(&without_redis, Arc::new(SystemClock), Sockets::Here).await?;
    stores::open(config, coordination.generation_log, SystemClock.now()).await.context("opening the storage")
}

async fn list(stores: &Stores) -> anyhow::Result<ExitCode> {
    let mut lines = Vec::new();
    let jobs = stores.jobs.list().await?;
    if jobs.is_empty() {
        eprintln!("No worker has ever run here");
    }
    for job in jobs {
        let next = job.spec.schedule.as_ref().and_then(|schedule| schedule.next(SystemClock.now()));
        let next = next.map_or_else(|| "when asked for".to_owned(), |next| format!("{next:.0}"));
        lines.push(format!("{}\tnext {next}\n", job.spec.name));
        for run in stores.jobs.runs(&job.spec.name, SHOWN).await? {
            lines.push(format!("  {}\n", said(&run)));
        }
    }
    print(&lines.concat())?;
    Ok(ExitCode::SUCCESS)
}

/// What the user asked for. Whoever reads it may have read enough.
fn print(text: &str) -> std::io::Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// A run in a line.
fn said(run: &Run) -> String {
    let state = match run.state {
        RunState::Requested => "waits for a worker",
        RunState::Running => "runs",
        RunState::Done => "done",
        RunState::Failed => "failed",
    };
    let error = run.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
    format!("{:.0} {state}{error}", run.slot)
}

async fn run_job(stores: &Stores, name: &str, wait: Duration) -> anyhow::Result<ExitCode> {
    let Ok(job) = name.parse::<JobName>() else { bail!("{name} is not the name of a job") };
    let asked = match stores.jobs.request(&job, None, SystemClock.now()).await {
        Err(StoreError::Missing(_)) => bail!("no worker that has the job {job} has ever run here"),
        other => other?,
    };
    let ended = async {
        loop {
            let runs = stores.jobs.runs(&job, SHOWN).await?;
            match runs.into_iter().find(|run| run.slot == asked.slot) {
                Some(run) if matches!(run.state, RunState::Done | RunState::Failed) => return anyhow::Ok(run),
                Some(_) => tokio::time::sleep(LOOK_EVERY).await,
                None => bail!("the run is not in the ledger any more"),
            }
        }
    };
    let Ok(run) = tokio::time::timeout(wait, ended).await else {
        bail!("it has not ended after {} s; `jobs` says how it stands, and a worker goes on with it", wait.as_secs());
    };
    let run = run?;
    print(&format!("{job}\t{}\n", said(&run)))?;
    Ok(if run.state == RunState::Done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn log_level(config: &Config, options: &LogLevelOptions) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        config.redis.is_some(),
        "without REDIS_URL no other process hears of it: set COLLABRY_LOG, and restart"
    );
    let change = match &options.filter {
        None => None,
        Some(filter) => {
            let until = SystemClock.now().checked_add(SignedDuration::from_secs(options.for_secs))?;
            Some(Change::parse(filter, until).with_context(|| format!("{filter} is not a log filter"))?)
        }
    };
    let coordination =
        coordination::open(config, Arc::new(SystemClock), Sockets::Elsewhere).await.context("REDIS_URL")?;
    let until = change.as_ref().map(|change| format!("until {:.0}", change.until));
    coordination.log_level.set(change).await?;
    let until = until.unwrap_or_else(|| "as configured again".to_owned());
    eprintln!("Within seconds every process logs so, {until}");
    Ok(ExitCode::SUCCESS)
}
