//! `collabry backup`, `restore`, `verify`

use std::process::ExitCode;

use collabry_shared::config::Config;
use collabry_worker::backups::{self, BackupCommand};

use crate::data_dir;

/// A server that runs may be copied; a restore needs the data folder for itself.
pub fn run(config: &Config, command: BackupCommand) -> anyhow::Result<ExitCode> {
    let restores = matches!(command, BackupCommand::Restore(_));
    let _lock = restores.then(|| data_dir::lock(&config.storage.data_dir)).transpose()?;
    backups::run(config, command)
}
