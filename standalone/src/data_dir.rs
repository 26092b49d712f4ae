//! The data folder belongs to one server at a time.

use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::{Context as _, bail};

const FILE: &str = "lock";

/// Held as long as it lives; the system lets go of it however the process ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "kept open for its lock")] File);

/// Makes the folder and takes it; `None`: another process has it.
pub fn try_lock(data_dir: &Path) -> anyhow::Result<Option<Lock>> {
    std::fs::create_dir_all(data_dir).with_context(|| format!("making the data folder {}", data_dir.display()))?;
    let path = data_dir.join(FILE);
    let file = File::create(&path).with_context(|| format!("opening {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("locking {}", path.display())),
    }
}

/// Makes the folder and takes it, or says who has it.
pub fn lock(data_dir: &Path) -> anyhow::Result<Lock> {
    match try_lock(data_dir)? {
        Some(lock) => Ok(lock),
        None => bail!(
            "another Collabry uses the data folder {}; end it, or set COLLABRY_DATA_DIR to another folder",
            data_dir.display()
        ),
    }
}
