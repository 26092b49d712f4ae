//! `collabry backup`, `restore`, `verify`

use std::process::ExitCode;

use collabry_shared::config::Config;
use collabry_worker::backups::{self, BackupCommand};

use crate::data_dir;

/// Runs a backup command. A backup works while a server runs; a restore locks the data folder.
pub fn run(config: &Config, command: BackupCommand) -> anyhow::Result<ExitCode> {
    let data_dir = config.storage.data_dir.clone();
    backups::run(config, command, Box::new(move || Ok(Box::new(data_dir::lock(&data_dir)?))))
}
