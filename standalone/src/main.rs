//! `collabry`: the three roles in one process, and its command line.

mod accounts;
mod backups;
mod check;
mod cli;
mod data_dir;
mod demo;
mod embedded;
mod secret;
mod serve;

use std::process::ExitCode;

use collabry_ai_engine::embeddings::choose_blas_kernels;
use collabry_api::account_command;
use collabry_shared::config::Config;
use collabry_shared::{command_line, health, lifecycle, memory};

use self::cli::{Cli, Command};

fn main() -> ExitCode {
    memory::give_back_large_blocks();
    let cli: Cli = command_line::parse();
    if let Command::Extract(args) = cli.command {
        return collabry_ai_engine::sources::extract_child::main(&args);
    }
    if matches!(cli.command, Command::Serve | Command::Demo(_))
        && let Err(slow) = choose_blas_kernels()
    {
        eprintln!("warning: {slow}");
    }
    lifecycle::keep_files_private();
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(problems) => {
            eprintln!("{problems}");
            return ExitCode::from(lifecycle::BAD_CONFIG);
        }
    };
    let result = match cli.command {
        Command::Serve => serve::run(config),
        Command::Check => check::run(&config),
        Command::Health => Ok(health::ask(config.services.internal_bind.unwrap_or(config.api.bind))),
        Command::Demo(options) => demo::run(&config, &options),
        Command::Account(command) => accounts::run(&config, account_command::Command::Account(command)),
        Command::Admin(command) => accounts::run(&config, account_command::Command::Admin(command)),
        Command::Backups(command) => backups::run(&config, command),
        Command::Extract(_) => Ok(ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
