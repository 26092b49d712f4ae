//! The admin API's jobs and log level as commands, for operators who have a shell and the settings but no account.

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

/// How many of a job's newest runs the list shows.
const RUNS_SHOWN: u32 = 3;

/// How often `jobs run` checks whether the run has ended.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// A day: a level that is wanted for longer belongs in the configuration.
const MAX_LEVEL_SECS: i64 = 24 * 60 * 60;

#[derive(Debug, Subcommand)]
pub enum OperatorCommand {
    /// List the jobs with their last runs, or run one now
    Jobs(JobsOptions),
    /// Log more or less for a while; every process of every role follows within seconds
    LogLevel(LogLevelOptions),
}

#[derive(Debug, Args)]
pub struct JobsOptions {
    #[command(subcommand)]
    command: Option<JobsCommand>,
}

#[derive(Debug, Subcommand)]
enum JobsCommand {
    /// Have a worker run a job now and wait until it ends; exits with 1 when the job fails
    Run {
        /// The job's name as listed, for example `backup`
        name: String,
        /// How many seconds to wait for the run to end
        #[arg(long, default_value_t = 600)]
        wait: u64,
    },
}

#[derive(Debug, Args)]
pub struct LogLevelOptions {
    /// The filter, as in `COLLABRY_LOG`: `debug`, or `info,collabry_api=debug`. Omit it to return to the configured one
    filter: Option<String>,
    /// How long the filter applies, in seconds, up to a day
    #[arg(long, default_value_t = 900, value_parser = clap::value_parser!(i64).range(1..=MAX_LEVEL_SECS))]
    for_secs: i64,
}

/// Runs one of the commands on a runtime of its own.
pub fn run(config: &Config, command: &OperatorCommand) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(dispatch(config, command))
}

async fn dispatch(config: &Config, command: &OperatorCommand) -> anyhow::Result<ExitCode> {
    match command {
        OperatorCommand::Jobs(JobsOptions { command: None }) => list(&stores(config).await?).await,
        OperatorCommand::Jobs(JobsOptions { command: Some(JobsCommand::Run { name, wait }) }) => {
            run_job(&stores(config).await?, name, Duration::from_secs(*wait)).await
        }
        OperatorCommand::LogLevel(options) => log_level(config, options).await,
    }
}

/// Opens the stores without Redis, which the run ledger does not use.
async fn stores(config: &Config) -> anyhow::Result<Stores> {
    let without_redis = Config { redis: None, ..config.clone() };
    let coordination = coordination::open(&without_redis, Arc::new(SystemClock), Sockets::Here).await?;
    stores::open(config, coordination.generation_log, SystemClock.now()).await.context("opening the storage")
}

async fn list(stores: &Stores) -> anyhow::Result<ExitCode> {
    let mut lines = Vec::new();
    let jobs = stores.jobs.list().await?;
    if jobs.is_empty() {
        eprintln!("No worker has run here yet");
    }
    for job in jobs {
        let next = job.spec.schedule.as_ref().and_then(|schedule| schedule.next(SystemClock.now()));
        let next = next.map_or_else(|| "on request".to_owned(), |next| format!("{next:.0}"));
        lines.push(format!("{}\tnext {next}\n", job.spec.name));
        for run in stores.jobs.runs(&job.spec.name, RUNS_SHOWN).await? {
            lines.push(format!("  {}\n", describe(&run)));
        }
    }
    print(&lines.concat())?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the command's result. The reader may close the pipe early, as `head` does.
fn print(text: &str) -> std::io::Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Describes a run on one line.
fn describe(run: &Run) -> String {
    let state = match run.state {
        RunState::Requested => "waiting for a worker",
        RunState::Running => "running",
        RunState::Done => "done",
        RunState::Failed => "failed",
    };
    let error = run.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
    format!("{:.0} {state}{error}", run.slot)
}

async fn run_job(stores: &Stores, name: &str, wait: Duration) -> anyhow::Result<ExitCode> {
    let Ok(job) = name.parse::<JobName>() else { bail!("{name} is not a job name; `jobs` lists them") };
    let requested = match stores.jobs.request(&job, None, SystemClock.now()).await {
        Err(StoreError::Missing(_)) => bail!("no worker has declared the job {job}; `jobs` lists those that exist"),
        other => other?,
    };
    let ended = async {
        loop {
            let runs = stores.jobs.runs(&job, RUNS_SHOWN).await?;
            match runs.into_iter().find(|run| run.slot == requested.slot) {
                Some(run) if matches!(run.state, RunState::Done | RunState::Failed) => return anyhow::Ok(run),
                Some(_) => tokio::time::sleep(POLL_INTERVAL).await,
                None => bail!("the run is no longer in the ledger"),
            }
        }
    };
    let Ok(run) = tokio::time::timeout(wait, ended).await else {
        bail!("the run has not ended after {} s; a worker continues it, and `jobs` shows its state", wait.as_secs());
    };
    let run = run?;
    print(&format!("{job}\t{}\n", describe(&run)))?;
    Ok(if run.state == RunState::Done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn log_level(config: &Config, options: &LogLevelOptions) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        config.redis.is_some(),
        "without REDIS_URL no other process can be told: set COLLABRY_LOG and restart"
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
    let until = until.unwrap_or_else(|| "as configured".to_owned());
    eprintln!("Every process applies the log level within seconds, {until}");
    Ok(ExitCode::SUCCESS)
}
