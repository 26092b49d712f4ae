//! The backup commands, which the worker and the standalone program share.

mod destination;
mod files;
mod keys;
mod progress;
mod size;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use collabry_shared::backups::Signer;
use collabry_shared::clock::{Clock as _, SystemClock};
use collabry_shared::config::{BackupConfig, Config};
use collabry_shared::coordination::{self, Sockets};
use collabry_shared::stores::{self, Stores};

use self::destination::Destination;
use self::files::{OpenedBackup, is_standard, open, read_text, write_private};
use self::keys::{KeyOptions, generate_keys};
use self::progress::ProgressPrinter;
use self::size::size;
use super::archive::{Contents, Keys};
use super::create::Backup;
use super::manifest::Manifest;
use super::restore::{Claim, TargetSystem};
use super::signature::{RejectedBackup, SignatureStatus};
use super::store::BackupStore;

/// `EX_DATAERR` of sysexits.h: nothing proves that the backup is from the expected signer, or the requested one.
const REJECTED: u8 = 65;

#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Copy database, files and settings into one archive, while everything runs
    Backup(BackupOptions),
    /// Fill an empty system from a backup
    Restore(RestoreOptions),
    /// Read a whole backup and check it against its manifest
    Verify(VerifyOptions),
    /// List the backups in `COLLABRY_BACKUP_URL`, oldest first
    Backups,
    /// Make keys for backups: writes a file that opens and checks them, and prints the settings of the server
    BackupKey(KeyOptions),
}

#[derive(Debug, Args)]
pub struct BackupOptions {
    /// The file to write; - is standard output. Default: a new one in `COLLABRY_BACKUP_URL`
    file: Option<PathBuf>,
    /// Replace the file if it exists
    #[arg(long, requires = "file")]
    force: bool,
    /// The .env file to include when the backup is encrypted; - is standard input
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct BackupSelector {
    /// A file, or the name of a backup in `COLLABRY_BACKUP_URL`; - is standard input. Default: the newest backup
    file: Option<PathBuf>,
    /// The file with the secret key, for encrypted backups
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// The secret key itself, where there is no file
    #[arg(long, env = "COLLABRY_BACKUP_SECRET_KEY", hide_env_values = true, value_name = "KEY", hide = true)]
    secret_key: Option<String>,
    /// Public key of the required signer. Default: the one in the --identity file, or else in the settings
    #[arg(long, value_name = "KEY")]
    signer: Option<Signer>,
    /// Accept a backup from any signer, or an unsigned one
    #[arg(long, conflicts_with = "signer")]
    any_signer: bool,
}

#[derive(Debug, Args)]
pub struct RestoreOptions {
    #[command(flatten)]
    backup: BackupSelector,
    /// Write the backup's settings to this file, to compare them with the current ones
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct VerifyOptions {
    #[command(flatten)]
    backup: BackupSelector,
    /// Write the backup's settings to this file, which must not exist; - is standard output
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

impl BackupCommand {
    /// Whether the command reads or writes the stores. The others need nothing but the backup.
    pub fn needs_stores(&self) -> bool {
        matches!(self, Self::Backup(_) | Self::Restore(_))
    }
}

/// Runs one of the commands on a runtime of its own. A restore calls `claim` to get the system for itself.
pub fn run(config: &Config, command: BackupCommand, claim: Claim) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(dispatch(config, command, claim))
}

async fn dispatch(config: &Config, command: BackupCommand, claim: Claim) -> anyhow::Result<ExitCode> {
    let result = match command {
        BackupCommand::Backup(options) => back_up(config, options).await,
        BackupCommand::Restore(options) => restore(config, options, claim).await,
        BackupCommand::Verify(options) => verify(config, options).await,
        BackupCommand::Backups => list(config).await,
        BackupCommand::BackupKey(options) => generate_keys(&options),
    };
    match result {
        Err(error) if error.downcast_ref::<RejectedBackup>().is_some() => {
            eprintln!("error: {error:#}");
            Ok(ExitCode::from(REJECTED))
        }
        result => result.map(|()| ExitCode::SUCCESS),
    }
}

async fn back_up(config: &Config, options: BackupOptions) -> anyhow::Result<()> {
    let destination = Destination::choose(config, options.file.as_deref(), options.force)?;
    let env_file = options.env_file.as_deref().map(read_text).transpose()?;
    let stores = stores(config).await?;
    let BackupConfig { recipient, signing_key, .. } = &config.worker.backups;
    let name = destination.name();
    let backup = Backup {
        stores: &stores,
        settings: &Config::settings(),
        env_file: env_file.as_deref(),
        recipient: recipient.as_ref(),
        signing_key: signing_key.as_ref(),
        name: name.as_deref(),
    };
    let manifest = backup.write(destination.writer()?, &SystemClock, &mut ProgressPrinter::new()).await?;
    let to = destination.finish()?;
    if env_file.is_some() && manifest.env_file.is_none() {
        eprintln!("The backup is not encrypted, so it does not include .env: keep a copy of it elsewhere");
    }
    eprintln!("Backed up to {to}: {}", summary(&manifest));
    if !manifest.secrets_left_out.is_empty() {
        eprintln!(
            "The backup is not encrypted, so it does not include these settings: {}",
            manifest.secrets_left_out.join(", ")
        );
    }
    Ok(())
}

async fn restore(config: &Config, options: RestoreOptions, claim: Claim) -> anyhow::Result<()> {
    let keys = options.backup.keys(config)?;
    let mut system = TargetSystem::new(config, claim);
    let mut verified = None;
    if !options.backup.is_stdin() {
        eprintln!("Verifying the backup first");
        let manifest = verify_opened(open(config, options.backup.file.as_deref(), &keys).await?).await?.manifest;
        system.check_backend(manifest.backend)?;
        verified = Some(manifest);
    }
    eprintln!("Restoring");
    let archive = open(config, options.backup.file.as_deref(), &keys).await?.archive;
    let result = super::restore(archive, verified.as_ref(), &mut system, &mut ProgressPrinter::new()).await;
    let (Contents { manifest, signature }, restored) = result.map_err(|error| {
        if !system.touched() {
            return error;
        }
        error.context(
            "a part of the backup was restored; restore the same backup again, or empty the database and the files first",
        )
    })?;
    write_settings(&manifest, options.settings.as_deref())?;
    eprintln!("Restored: {}", summary(&manifest));
    eprintln!("{}", signature_note(&signature));
    eprintln!("Nobody is signed in; passwords are those of the backup");
    if restored.ingested_again > 0 {
        eprintln!("{} sources were being ingested during the backup; they are ingested again", restored.ingested_again);
    }
    Ok(())
}

async fn verify(config: &Config, options: VerifyOptions) -> anyhow::Result<()> {
    let opened = open(config, options.backup.file.as_deref(), &options.backup.keys(config)?).await?;
    let Contents { manifest, signature } = verify_opened(opened).await?;
    eprintln!("The backup is intact: {}", summary(&manifest));
    eprintln!("{}", signature_note(&signature));
    for (name, count) in &manifest.counts {
        eprintln!("  {count:>9} {name}");
    }
    write_settings(&manifest, options.settings.as_deref())
}

/// Verifies the whole backup, and that it still has its original name. The newest backup is chosen by name alone, so a
/// renamed one is rejected: somebody may have put an older backup in its place.
async fn verify_opened(OpenedBackup { archive, name, newest }: OpenedBackup) -> anyhow::Result<Contents> {
    let contents = super::verify(archive, &mut ProgressPrinter::new()).await?;
    if let (Some(name), Some(original)) = (name, &contents.manifest.name)
        && name != *original
    {
        if newest {
            return Err(RejectedBackup::Renamed { name, original: original.clone() }.into());
        }
        eprintln!("NOTE The backup was made as {original} and is now named {name}");
    }
    Ok(contents)
}

/// What the signature shows, as a line for people.
fn signature_note(signature: &SignatureStatus) -> String {
    match signature {
        SignatureStatus::Verified(signer) => format!("It is signed by {signer}, as required"),
        SignatureStatus::Unverified(signer) => {
            format!("NOTE It is signed by {signer}, but no signer is required here: check whether that key is yours")
        }
        SignatureStatus::Unsigned => {
            "NOTE It is not signed: anybody who can write to where it was kept may have made it".to_owned()
        }
    }
}

fn write_settings(manifest: &Manifest, file: Option<&Path>) -> anyhow::Result<()> {
    let Some(file) = file else { return Ok(()) };
    write_private(file, manifest.settings_file().as_bytes())?;
    if !is_standard(file) {
        eprintln!("The backup's settings are in {}", file.display());
    }
    if manifest.env_file.is_none() {
        eprintln!("They are the settings of the processes; those of Compose and deploy.sh are not in this backup");
    }
    Ok(())
}

async fn list(config: &Config) -> anyhow::Result<()> {
    let store =
        BackupStore::open(&config.worker.backups, SystemClock.now())?.context("COLLABRY_BACKUP_URL is not set")?;
    let backups = store.sizes().await?;
    if backups.is_empty() {
        eprintln!("There are no backups yet");
    }
    let lines: Vec<_> = backups.into_iter().map(|(name, bytes)| format!("{name}\t{}\n", size(bytes))).collect();
    write_private(Path::new("-"), lines.concat().as_bytes())
}

impl BackupSelector {
    /// The keys that open the backup and the required signer: the one of the command line, or else of the key file, or else of
    /// the settings.
    fn keys(&self, config: &Config) -> anyhow::Result<Keys> {
        let mut keys = match (&self.identity, &self.secret_key) {
            (Some(file), _) => Keys::from_file(file)?,
            (None, Some(key)) => Keys::from_text(key).context("COLLABRY_BACKUP_SECRET_KEY")?,
            (None, None) => Keys::default(),
        };
        let signer = self.signer.clone().or(keys.signer.take()).or_else(|| config.worker.backups.signer());
        keys.signer = signer.filter(|_| !self.any_signer);
        Ok(keys)
    }

    /// Whether the backup comes from standard input, which can be read only once.
    fn is_stdin(&self) -> bool {
        self.file.as_deref().is_some_and(is_standard)
    }
}

/// What the backup contains and its time, as a line for people.
fn summary(manifest: &Manifest) -> String {
    let Manifest { began, ended, files, .. } = manifest;
    let (documents, size) = (manifest.counts.values().sum::<u64>(), size(manifest.bytes()));
    format!("{documents} documents and {files} files, {size}, as of {began:.0} to {ended:.0}")
}

/// Opens the stores without Redis, which backups do not include.
async fn stores(config: &Config) -> anyhow::Result<Stores> {
    let without_redis = Config { redis: None, ..config.clone() };
    let coordination = coordination::open(&without_redis, Arc::new(SystemClock), Sockets::Here).await?;
    stores::open(config, coordination.generation_log, SystemClock.now()).await.context("opening the storage")
}
