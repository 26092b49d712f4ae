//! The data folder belongs to one server at a time.

use std::fs::{DirBuilder, File, Permissions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context as _, bail};

const FILE: &str = "lock";
pub const OWNER_ONLY: u32 = 0o700;
const OTHERS: u32 = 0o077;
/// Of folders that all users share, as that for temporary files.
const STICKY: u32 = 0o1000;

/// Held as long as it lives; the system lets go of it however the process ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "kept open for its lock")] File);

/// Makes the folder, for its owner's eyes only: it holds all documents, addresses and hashes of passwords. One that others
/// may look into, as earlier versions made it, is closed; one that all users share is theirs, and is left as it is. That is
/// what a command has in a container whose documents are elsewhere.
pub fn make(data_dir: &Path) -> anyhow::Result<()> {
    let made = || {
        DirBuilder::new().recursive(true).mode(OWNER_ONLY).create(data_dir)?;
        let permissions = std::fs::metadata(data_dir)?.permissions();
        if permissions.mode() & OTHERS != 0 && permissions.mode() & STICKY == 0 {
            std::fs::set_permissions(data_dir, Permissions::from_mode(OWNER_ONLY))?;
            tracing::warn!(folder = %data_dir.display(), "other users of this machine could read the data folder; no longer");
        }
        Ok(())
    };
    let made: std::io::Result<()> = made();
    made.with_context(|| format!("making the data folder {}", data_dir.display()))
}

/// Makes the folder and takes it; `None`: another process has it.
pub fn try_lock(data_dir: &Path) -> anyhow::Result<Option<Lock>> {
    make(data_dir)?;
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

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, metadata, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::make;

    #[test]
    fn a_folder_that_others_may_read_is_closed_and_one_that_all_share_is_left() {
        for (before, after) in [(0o755, 0o700), (0o1777, 0o1777)] {
            let folder = tempfile::tempdir().unwrap();
            set_permissions(folder.path(), Permissions::from_mode(before)).unwrap();
            make(folder.path()).unwrap();
            assert_eq!(metadata(folder.path()).unwrap().permissions().mode() & 0o7777, after);
        }
    }
}
