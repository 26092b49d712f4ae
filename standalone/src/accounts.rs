//! `collabry account`, `collabry admin`

use std::process::ExitCode;

use collabry_api::account_command::{self, Command};
use collabry_shared::config::Config;

use crate::data_dir;

/// The data folder may be that of a server that runs.
pub fn run(config: &Config, command: Command) -> anyhow::Result<ExitCode> {
    data_dir::make(&config.storage.data_dir)?;
    account_command::run(config, command)
}
