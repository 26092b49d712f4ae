//! Backups and keys as files.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use collabry_shared::clock::{Clock as _, SystemClock};
use collabry_shared::config::Config;
use tokio::fs::File;
use tokio::io::AsyncRead;

use crate::backups::archive::{ArchiveReader, Keys};
use crate::backups::place::Place;

const OWNER_ONLY: u32 = 0o600;

/// A backup that was opened, and how it was found.
pub struct Opened {
    pub archive: ArchiveReader,
    /// What it is called there; standard input has no name.
    pub name: Option<String>,
    /// Nobody named it.
    pub newest: bool,
}

impl Opened {
    async fn open(
        input: impl AsyncRead + Send + Unpin + 'static,
        keys: &Keys,
        name: Option<&str>,
    ) -> anyhow::Result<Self> {
        let archive = ArchiveReader::open(input, keys).await?;
        Ok(Self { archive, name: name.map(str::to_owned), newest: false })
    }
}

/// A backup to read: a file, or else one of `COLLABRY_BACKUP_URL`, the newest unless named.
pub async fn open(config: &Config, which: Option<&Path>, keys: &Keys) -> anyhow::Result<Opened> {
    if which.is_some_and(is_standard) {
        let input = std::io::stdin().as_fd().try_clone_to_owned()?;
        return Opened::open(File::from_std(input.into()), keys, None).await;
    }
    if let Some(file) = which {
        match File::open(file).await {
            Ok(opened) => {
                let name = file.file_name().map(OsStr::to_string_lossy);
                return Opened::open(opened, keys, name.as_deref()).await;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("opening {}", file.display())),
        }
    }
    let place = Place::open(&config.worker.backups, SystemClock.now())?;
    let (name, place) = match (which, place) {
        (Some(file), None) => anyhow::bail!("there is no file {}", file.display()),
        (Some(file), Some(place)) => (file.to_string_lossy().into_owned(), place),
        (None, Some(place)) => {
            let newest = place.names().await?.pop();
            (newest.context("there is no backup in COLLABRY_BACKUP_URL")?, place)
        }
        (None, None) => anyhow::bail!("say which file, or set COLLABRY_BACKUP_URL to where backups are kept"),
    };
    eprintln!("{name}");
    let opened = Opened::open(place.read(&name).await?, keys, Some(&name)).await?;
    Ok(Opened { newest: which.is_none(), ..opened })
}

/// What a file holds; `-` is standard input.
pub fn text_of(file: &Path) -> anyhow::Result<String> {
    let read =
        if is_standard(file) { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    read.with_context(|| format!("reading {}", file.display()))
}

/// Whether it stands for standard input or output.
pub fn is_standard(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// Makes a file that only its owner reads; `-` is standard output.
pub fn write_secretly(file: &Path, content: &[u8]) -> anyhow::Result<()> {
    if is_standard(file) {
        let mut output = std::io::stdout().lock();
        return output.write_all(content).and_then(|()| output.flush()).context("writing to standard output");
    }
    let made = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(file);
    let mut made = made.with_context(|| format!("making {}", file.display()))?;
    made.write_all(content).and_then(|()| made.sync_all()).with_context(|| format!("writing {}", file.display()))
}
