//! `backup`, `restore`, `verify`: the same commands of every program that has them.

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
use self::files::{Opened, is_standard, open, text_of, write_secretly};
use self::keys::{KeyOptions, make_keys};
use self::progress::Progress;
use self::size::size;
use super::archive::{Contents, Keys};
use super::create::Backup;
use super::manifest::Manifest;
use super::origin::{Origin, Refused};
use super::place::Place;
use super::restore::{Claim, System};

/// `EX_DATAERR` of sysexits.h: the backup is not shown to be of whom it has to be, or the one that was asked for.
const REFUSED: u8 = 65;

#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Copy database, files and settings into one archive, while everything runs
    Backup(BackupOptions),
    /// Fill an empty system from a backup
    Restore(RestoreOptions),
    /// Read a backup to its end and hold it against its manifest
    Verify(VerifyOptions),
    /// List the backups in `COLLABRY_BACKUP_URL`, oldest first
    Backups,
    /// Make keys for backups: in a file what opens and checks them, and printed the settings of whoever makes them
    BackupKey(KeyOptions),
}

#[derive(Debug, Args)]
pub struct BackupOptions {
    /// The file to write; - is standard output. Default: a new one in `COLLABRY_BACKUP_URL`
    file: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "file")]
    force: bool,
    /// The .env to put into it, if it is encrypted; - is standard input
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Which {
    /// A file, or the name of a backup in `COLLABRY_BACKUP_URL`; - is standard input. Default: the newest there
    file: Option<PathBuf>,
    /// File with the secret key, for backups that are encrypted
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// The secret key itself, for where there is no file
    #[arg(long, env = "COLLABRY_BACKUP_SECRET_KEY", hide_env_values = true, value_name = "KEY", hide = true)]
    secret_key: Option<String>,
    /// Public key of who must have signed it. Default: the one in the file of --identity, or else in the settings
    #[arg(long, value_name = "KEY")]
    signer: Option<Signer>,
    /// Take a backup whoever has made it
    #[arg(long, conflicts_with = "signer")]
    any_signer: bool,
}

#[derive(Debug, Args)]
pub struct RestoreOptions {
    #[command(flatten)]
    which: Which,
    /// Write the settings of the backup into this file, to be compared with those of here
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct VerifyOptions {
    #[command(flatten)]
    which: Which,
    /// Write the settings of the backup into this file, which must not exist; - is standard output
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

impl BackupCommand {
    /// Whether it reads or writes the stores. Whoever holds a backup and nothing else can do the others.
    pub fn needs_stores(&self) -> bool {
        matches!(self, Self::Backup(_) | Self::Restore(_))
    }
}

/// One of the commands, on a runtime of its own. A restore takes the system for itself by `claim`.
pub fn run(config: &Config, command: BackupCommand, claim: Claim) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(chosen(config, command, claim))
}

async fn chosen(config: &Config, command: BackupCommand, claim: Claim) -> anyhow::Result<ExitCode> {
    let done = match command {
        BackupCommand::Backup(options) => back_up(config, options).await,
        BackupCommand::Restore(options) => restore(config, options, claim).await,
        BackupCommand::Verify(options) => verify(config, options).await,
        BackupCommand::Backups => list(config).await,
        BackupCommand::BackupKey(options) => make_keys(&options),
    };
    match done {
        Err(error) if error.downcast_ref::<Refused>().is_some() => {
            eprintln!("error: {error:#}");
            Ok(ExitCode::from(REFUSED))
        }
        done => done.map(|()| ExitCode::SUCCESS),
    }
}

async fn back_up(config: &Config, options: BackupOptions) -> anyhow::Result<()> {
    let destination = Destination::choose(config, options.file.as_deref(), options.force)?;
    let env_file = options.env_file.as_deref().map(text_of).transpose()?;
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
    let manifest = backup.write(destination.writer()?, &SystemClock, &mut Progress::new()).await?;
    let to = destination.finish()?;
    if env_file.is_some() && manifest.env_file.is_none() {
        eprintln!("It is not encrypted, so .env is not in it: keep a copy of it elsewhere");
    }
    eprintln!("Backed up to {to}: {}", summary(&manifest));
    if !manifest.secrets_left_out.is_empty() {
        eprintln!("It is not encrypted, so these settings are not in it: {}", manifest.secrets_left_out.join(", "));
    }
    Ok(())
}

async fn restore(config: &Config, options: RestoreOptions, claim: Claim) -> anyhow::Result<()> {
    let keys = options.which.keys(config)?;
    let mut system = System::new(config, claim);
    let mut verified = None;
    if !options.which.is_input() {
        eprintln!("Verifying the backup first");
        let manifest = read_through(open(config, options.which.file.as_deref(), &keys).await?).await?.manifest;
        system.fits(manifest.backend)?;
        verified = Some(manifest);
    }
    eprintln!("Restoring");
    let archive = open(config, options.which.file.as_deref(), &keys).await?.archive;
    let done = super::restore(archive, verified.as_ref(), &mut system, &mut Progress::new()).await;
    let (Contents { manifest, origin }, restored) = done.map_err(|error| {
        if !system.touched() {
            return error;
        }
        error
            .context("a part of the backup is there; repeat it with the same backup, or empty database and files first")
    })?;
    write_settings(&manifest, options.settings.as_deref())?;
    eprintln!("Restored: {}", summary(&manifest));
    eprintln!("{}", of_whom(&origin));
    eprintln!("Nobody is signed in; passwords are what they were then");
    if restored.ingested_again > 0 {
        eprintln!("{} sources were just being ingested then; they are ingested again", restored.ingested_again);
    }
    Ok(())
}

async fn verify(config: &Config, options: VerifyOptions) -> anyhow::Result<()> {
    let opened = open(config, options.which.file.as_deref(), &options.which.keys(config)?).await?;
    let Contents { manifest, origin } = read_through(opened).await?;
    eprintln!("The backup is whole: {}", summary(&manifest));
    eprintln!("{}", of_whom(&origin));
    for (name, count) in &manifest.counts {
        eprintln!("  {count:>9} {name}");
    }
    write_settings(&manifest, options.settings.as_deref())
}

/// Reads it to its end, and says when it is called otherwise than it was. The newest is taken by its name alone, so that it must
/// not be an older one that somebody has put in its place.
async fn read_through(Opened { archive, name, newest }: Opened) -> anyhow::Result<Contents> {
    let contents = super::verify(archive, &mut Progress::new()).await?;
    if let (Some(called), Some(made)) = (name, &contents.manifest.name)
        && called != *made
    {
        if newest {
            return Err(Refused::Renamed { called, made: made.clone() }.into());
        }
        eprintln!("NOTE It was made as {made}, and is called {called} now");
    }
    Ok(contents)
}

/// Who made it, as far as that is known.
fn of_whom(origin: &Origin) -> String {
    match origin {
        Origin::Proven(signer) => format!("It is signed by {signer}, as it has to be"),
        Origin::Claimed(signer) => {
            format!(
                "NOTE It is signed by {signer}, and nothing here says by whom it has to be: see whether that key is yours"
            )
        }
        Origin::Unsigned => "NOTE It is not signed: whoever can write where it was kept may have made it".to_owned(),
    }
}

fn write_settings(manifest: &Manifest, file: Option<&Path>) -> anyhow::Result<()> {
    let Some(file) = file else { return Ok(()) };
    write_secretly(file, manifest.settings_file().as_bytes())?;
    if !is_standard(file) {
        eprintln!("Its settings are in {}", file.display());
    }
    if manifest.env_file.is_none() {
        eprintln!("They are what the processes read; what Compose and deploy.sh read besides is not in this backup");
    }
    Ok(())
}

async fn list(config: &Config) -> anyhow::Result<()> {
    let place = Place::open(&config.worker.backups, SystemClock.now())?.context("COLLABRY_BACKUP_URL is not set")?;
    let backups = place.sizes().await?;
    if backups.is_empty() {
        eprintln!("There is none yet");
    }
    let lines: Vec<_> = backups.into_iter().map(|(name, bytes)| format!("{name}\t{}\n", size(bytes))).collect();
    write_secretly(Path::new("-"), lines.concat().as_bytes())
}

impl Which {
    /// What opens the backup, and who must have signed it: as it is said here, or else in the file, or else in the settings.
    fn keys(&self, config: &Config) -> anyhow::Result<Keys> {
        let mut keys = match (&self.identity, &self.secret_key) {
            (Some(file), _) => Keys::of_file(file)?,
            (None, Some(key)) => Keys::of_text(key).context("COLLABRY_BACKUP_SECRET_KEY")?,
            (None, None) => Keys::default(),
        };
        let signer = self.signer.clone().or(keys.signer.take()).or_else(|| config.worker.backups.signer());
        keys.signer = signer.filter(|_| !self.any_signer);
        Ok(keys)
    }

    /// What comes by standard input can be read once only.
    fn is_input(&self) -> bool {
        self.file.as_deref().is_some_and(is_standard)
    }
}

/// What was in it, and when.
fn summary(manifest: &Manifest) -> String {
    let Manifest { began, ended, files, .. } = manifest;
    let (documents, size) = (manifest.counts.values().sum::<u64>(), size(manifest.bytes()));
    format!("{documents} documents and {files} files, {size}, as of {began:.0} to {ended:.0}")
}

/// Redis has no part in a backup.
async fn stores(config: &Config) -> anyhow::Result<Stores> {
    let without_redis = Config { redis: None, ..config.clone() };
    let coordination = coordination::open(&without_redis, Arc::new(SystemClock), Sockets::Here).await?;
    stores::open(config, coordination.generation_log, SystemClock.now()).await.context("opening the storage")
}
