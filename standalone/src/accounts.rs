//! `collabry account`, `collabry admin`

use std::process::ExitCode;

use collabry_api::account_command::{self, Command};
use collabry_shared::config::Config;

use crate::data_dir;

/// Runs an account command; a server may be using the data folder at the same time.
pub fn run(config: &Config, command: Command) -> anyhow::Result<ExitCode> {
    data_dir::create(&config.storage.data_dir)?;
    account_command::run(config, command)
}
