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
use crate::backups::store::BackupStore;

const OWNER_ONLY: u32 = 0o600;

/// An opened backup and how it was found.
pub struct OpenedBackup {
    pub archive: ArchiveReader,
    /// Its current name; standard input has none.
    pub name: Option<String>,
    /// Whether it was chosen as the newest, because the user named none.
    pub newest: bool,
}

impl OpenedBackup {
    async fn open(
        input: impl AsyncRead + Send + Unpin + 'static,
        keys: &Keys,
        name: Option<&str>,
    ) -> anyhow::Result<Self> {
        let archive = ArchiveReader::open(input, keys).await?;
        Ok(Self { archive, name: name.map(str::to_owned), newest: false })
    }
}

/// Opens a backup: a file, or else the named or the newest one in `COLLABRY_BACKUP_URL`.
pub async fn open(config: &Config, file: Option<&Path>, keys: &Keys) -> anyhow::Result<OpenedBackup> {
    if file.is_some_and(is_standard) {
        let input = std::io::stdin().as_fd().try_clone_to_owned()?;
        return OpenedBackup::open(File::from_std(input.into()), keys, None).await;
    }
    if let Some(file) = file {
        match File::open(file).await {
            Ok(opened) => {
                let name = file.file_name().map(OsStr::to_string_lossy);
                return OpenedBackup::open(opened, keys, name.as_deref()).await;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("opening {}", file.display())),
        }
    }
    let store = BackupStore::open(&config.worker.backups, SystemClock.now())?;
    let (name, store) = match (file, store) {
        (Some(file), None) => anyhow::bail!("there is no file {}", file.display()),
        (Some(file), Some(store)) => (file.to_string_lossy().into_owned(), store),
        (None, Some(store)) => {
            let newest = store.names().await?.pop();
            (newest.context("there is no backup in COLLABRY_BACKUP_URL")?, store)
        }
        (None, None) => anyhow::bail!("name a file, or set COLLABRY_BACKUP_URL to where backups are kept"),
    };
    eprintln!("{name}");
    let opened = OpenedBackup::open(store.read(&name).await?, keys, Some(&name)).await?;
    Ok(OpenedBackup { newest: file.is_none(), ..opened })
}

/// Reads a text file; `-` is standard input.
pub fn read_text(file: &Path) -> anyhow::Result<String> {
    let read =
        if is_standard(file) { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    read.with_context(|| format!("reading {}", file.display()))
}

/// Whether the path stands for standard input or output.
pub fn is_standard(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// Writes a new file that only its owner can read; `-` is standard output.
pub fn write_private(file: &Path, content: &[u8]) -> anyhow::Result<()> {
    if is_standard(file) {
        let mut output = std::io::stdout().lock();
        return output.write_all(content).and_then(|()| output.flush()).context("writing to standard output");
    }
    let created = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(file);
    let mut created = created.with_context(|| format!("creating {}", file.display()))?;
    created.write_all(content).and_then(|()| created.sync_all()).with_context(|| format!("writing {}", file.display()))
}
