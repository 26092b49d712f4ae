//! The api's command line.

mod serve;

use std::process::ExitCode;

use clap::Parser;
use collabry_api::{AccountCommand, AdminCommand, account_command};
use collabry_shared::service::Service;
use collabry_shared::{command_line, lifecycle};

const ENVIRONMENT: &str = "\
Settings are environment variables (all of them: .env.example). An api needs
  MONGODB_URI                where the documents are   [for example mongodb://localhost/collabry]
  REDIS_URL                  where replicas coordinate [for example redis://localhost]
  COLLABRY_ENGINE_URLS       the ai-engines, separated by commas
                             [for example http://10.0.0.5:5100,http://10.0.0.6:5100]
  COLLABRY_SERVICE_SECRET    the ai-engines' secret; at least 32 characters
  COLLABRY_JWT_SECRET        signs access tokens, the same for every api; at least 32 characters
and often
  COLLABRY_BIND              where proxies reach it    [default: 127.0.0.1:5000]
  COLLABRY_INTERNAL_BIND     /health, /ready, /metrics [default: 127.0.0.1:5001]
  COLLABRY_SECURE_COOKIES    false without TLS         [default: true, on loopback false]
  COLLABRY_REGISTRATION      open, invited or closed   [default: invited, on loopback open]
  COLLABRY_DRAIN_SECS        what running requests have left after SIGTERM [default: 20]

Any number of them may run. The first SIGTERM drains, a second one ends at once. Exit code 64: the
configuration is wrong, and every problem with it is listed.";

/// REST, event streams and Socket.IO: what clients talk to
#[derive(Debug, Parser)]
#[command(name = "collabry-api", version, after_help = ENVIRONMENT)]
enum Command {
    /// Run an api
    Serve,
    /// Check settings and dependencies, and print every problem with its fix
    Check,
    /// Ask the api that runs with these settings whether it is ready: exit code 0 or 1
    Health,
    /// Make accounts; works beside the apis that run
    #[command(subcommand)]
    Account(AccountCommand),
    /// Say who is an admin; works beside the apis that run
    #[command(subcommand)]
    Admin(AdminCommand),
}

fn main() -> ExitCode {
    match command_line::parse::<Command>() {
        Command::Serve => lifecycle::run(Service::Api, serve::serve),
        Command::Check => lifecycle::check(Service::Api, async |_| Vec::new()),
        Command::Health => lifecycle::health(Service::Api),
        Command::Account(command) => account(account_command::Command::Account(command)),
        Command::Admin(command) => account(account_command::Command::Admin(command)),
    }
}

fn account(command: account_command::Command) -> ExitCode {
    lifecycle::command(Some(Service::Api), |config| account_command::run(config, command))
}
