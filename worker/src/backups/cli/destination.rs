//! Where the `backup` command writes to.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use collabry_shared::clock::{Clock as _, SystemClock};
use collabry_shared::config::Config;
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::AsyncWrite;

use crate::backups::store::BackupStore;

pub enum Destination {
    StandardOutput,
    /// A file that gets its name once it is complete, and is deleted otherwise.
    File {
        path: PathBuf,
        part: NamedTempFile,
        replaces: bool,
    },
    Store(BackupStore, String),
}

impl Destination {
    /// `-` is standard output; without a file, a new one in `COLLABRY_BACKUP_URL`. An existing file is replaced only when
    /// `replaces` is set.
    pub fn choose(config: &Config, file: Option<&Path>, replaces: bool) -> anyhow::Result<Self> {
        let Some(file) = file else {
            let (config, now) = (&config.worker.backups, SystemClock.now());
            let store = BackupStore::open(config, now)?.context(
                "name the file to write, or set COLLABRY_BACKUP_URL to the folder or bucket where backups are kept",
            )?;
            return Ok(Self::Store(store, BackupStore::name(now, config.recipient.is_some())));
        };
        if file.as_os_str() == "-" {
            return Ok(Self::StandardOutput);
        }
        ensure!(
            replaces || !file.try_exists()?,
            "{} exists already; name another file, or use --force",
            file.display()
        );
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let part = NamedTempFile::new_in(folder).with_context(|| format!("writing into {}", folder.display()))?;
        Ok(Self::File { path: file.to_owned(), part, replaces })
    }

    /// The name of the backup; standard output has none.
    pub fn name(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::StandardOutput => None,
            Self::File { path, .. } => path.file_name().map(OsStr::to_string_lossy),
            Self::Store(_, name) => Some(name.into()),
        }
    }

    pub fn writer(&self) -> anyhow::Result<Box<dyn AsyncWrite + Send + Unpin>> {
        Ok(match self {
            Self::StandardOutput => {
                let output = std::io::stdout().as_fd().try_clone_to_owned()?;
                Box::new(File::from_std(output.into()))
            }
            Self::File { part, .. } => Box::new(File::from_std(part.reopen()?)),
            Self::Store(store, name) => Box::new(store.0.writer(name)),
        })
    }

    /// Makes the written backup permanent, and returns where it is.
    pub fn finish(self) -> anyhow::Result<String> {
        match self {
            Self::StandardOutput => Ok("standard output".to_owned()),
            Self::File { path, part, replaces } => {
                part.as_file().sync_all()?;
                let persisted = if replaces { part.persist(&path) } else { part.persist_noclobber(&path) };
                persisted.with_context(|| format!("writing {}", path.display()))?;
                Ok(path.display().to_string())
            }
            Self::Store(store, name) => {
                store.make_private(&name)?;
                Ok(name)
            }
        }
    }
}
