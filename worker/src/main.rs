//! The worker's command line.

mod serve;

use std::process::ExitCode;

use clap::Parser;
use collabry_shared::service::Service;
use collabry_shared::{command_line, lifecycle};
use collabry_worker::backups::{self, BackupCommand};
use collabry_worker::operator::{self, OperatorCommand};

const ENVIRONMENT: &str = "\
Settings are environment variables (all of them: .env.example). A worker needs
  MONGODB_URI              where the documents are   [for example mongodb://localhost/collabry]
  REDIS_URL                where replicas coordinate [for example redis://localhost]
and often
  COLLABRY_RETENTION_DAYS  how long deleted items can be restored [default: 7]
  COLLABRY_JOB_SCHEDULES   other schedules for jobs, or off
                           [for example \"purge-deleted=0 0 4 * * *;expire-sessions=off\"]
  COLLABRY_BACKUP_URL      where the nightly backups are kept
                           [for example s3://bucket/prefix]
  COLLABRY_INTERNAL_BIND   /health, /ready, /metrics [default: 127.0.0.1:5201]
  COLLABRY_DRAIN_SECS      how long running jobs may take after SIGTERM [default: 20]

One worker is enough. When there are several, a ledger in the database decides which one runs each slot of a job. To see
the jobs, their schedules and their last runs: `collabry-worker jobs`, or GET /api/admin/jobs for admins
(collabry-api admin add).

The first SIGTERM drains the worker and releases jobs that do not finish; a second one ends it at once. Exit code 64:
the configuration is invalid, and every problem with it is listed.";

/// Runs the scheduled jobs: ends abandoned generations, purges deleted items, counts usage
#[derive(Debug, Parser)]
#[command(name = "collabry-worker", version, after_help = ENVIRONMENT)]
enum Command {
    /// Run a worker
    Serve,
    /// Check settings and dependencies, and print every problem with its fix
    Check,
    /// Ask the worker that runs with these settings whether it is ready; exits with 0 or 1
    Health,
    #[command(flatten)]
    Backups(BackupCommand),
    #[command(flatten)]
    Operator(OperatorCommand),
}

fn main() -> ExitCode {
    match command_line::parse::<Command>() {
        Command::Operator(command) => {
            lifecycle::command(Some(Service::Worker), |config| operator::run(config, &command))
        }
        Command::Serve => lifecycle::run(Service::Worker, serve::serve),
        Command::Check => lifecycle::check(Service::Worker, async |_| Vec::new()),
        Command::Health => lifecycle::health(Service::Worker),
        Command::Backups(command) => {
            let service = command.needs_stores().then_some(Service::Worker);
            lifecycle::command(service, |config| backups::run(config, command, Box::new(|| Ok(Box::new(())))))
        }
    }
}
