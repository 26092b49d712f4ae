//! The worker's command line.

mod serve;

use std::process::ExitCode;

use clap::Parser;
use collabry_shared::service::Service;
use collabry_shared::{command_line, lifecycle};
use collabry_worker::backups::{self, BackupCommand};
use collabry_worker::desk::{self, DeskCommand};

const ENVIRONMENT: &str = "\
Settings are environment variables (all of them: .env.example). A worker needs
  MONGODB_URI              where the documents are   [for example mongodb://localhost/collabry]
  REDIS_URL                where replicas coordinate [for example redis://localhost]
and often
  COLLABRY_RETENTION_DAYS  how long what is deleted can be brought back [default: 7]
  COLLABRY_JOB_SCHEDULES   jobs at other times, or off
                           [for example \"purge-deleted=0 0 4 * * *;expire-sessions=off\"]
  COLLABRY_BACKUP_URL      where it keeps a backup of each night
                           [for example s3://bucket/prefix]
  COLLABRY_INTERNAL_BIND   /health, /ready, /metrics [default: 127.0.0.1:5201]
  COLLABRY_DRAIN_SECS      what running jobs have left after SIGTERM [default: 20]

One is enough. Of several, each slot of a job is still run by one: a ledger in the database decides which. The jobs, their
schedules and their last runs: `collabry-worker jobs`, or GET /api/admin/jobs for admins (collabry-api admin add).

The first SIGTERM drains, and jobs that do not finish are given back; a second one ends at once. Exit code 64: the
configuration is wrong, and every problem with it is listed.";

/// Jobs that are due from time to time: ending what was abandoned, purging what was deleted, counting usage
#[derive(Debug, Parser)]
#[command(name = "collabry-worker", version, after_help = ENVIRONMENT)]
enum Command {
    /// Run a worker
    Serve,
    /// Check settings and dependencies, and print every problem with its fix
    Check,
    /// Ask the worker that runs with these settings whether it is ready: exit code 0 or 1
    Health,
    #[command(flatten)]
    Backups(BackupCommand),
    #[command(flatten)]
    Desk(DeskCommand),
}

fn main() -> ExitCode {
    match command_line::parse::<Command>() {
        Command::Desk(command) => lifecycle::command(Some(Service::Worker), |config| desk::run(config, &command)),
        Command::Serve => lifecycle::run(Service::Worker, serve::serve),
        Command::Check => lifecycle::check(Service::Worker, async |_| Vec::new()),
        Command::Health => lifecycle::health(Service::Worker),
        Command::Backups(command) => {
            let service = command.needs_stores().then_some(Service::Worker);
            lifecycle::command(service, |config| backups::run(config, command, Box::new(|| Ok(Box::new(())))))
        }
    }
}
