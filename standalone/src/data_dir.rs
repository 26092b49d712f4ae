//! The data folder, which one server at a time may use.

use std::fs::{DirBuilder, File, Permissions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context as _, bail};

const FILE: &str = "lock";
pub const OWNER_ONLY: u32 = 0o700;
const OTHERS: u32 = 0o077;
/// Set on folders that all users share, such as the one for temporary files.
const STICKY: u32 = 0o1000;

/// The lock on the data folder, held until it is dropped; the system releases it however the process ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "kept open for its lock")] File);

/// Creates the folder, readable by its owner only: it holds all documents, addresses and password hashes. A folder that
/// others can read, as earlier versions created it, is restricted to its owner. A folder that all users share is left as it
/// is: commands have one in a container whose documents are elsewhere.
pub fn create(data_dir: &Path) -> anyhow::Result<()> {
    let create = || {
        DirBuilder::new().recursive(true).mode(OWNER_ONLY).create(data_dir)?;
        let permissions = std::fs::metadata(data_dir)?.permissions();
        if permissions.mode() & OTHERS != 0 && permissions.mode() & STICKY == 0 {
            std::fs::set_permissions(data_dir, Permissions::from_mode(OWNER_ONLY))?;
            tracing::warn!(folder = %data_dir.display(), "the data folder was readable by other users; restricted it to its owner");
        }
        Ok(())
    };
    let created: std::io::Result<()> = create();
    created.with_context(|| format!("creating the data folder {}", data_dir.display()))
}

/// Creates and locks the folder; `None` when another process holds the lock.
pub fn try_lock(data_dir: &Path) -> anyhow::Result<Option<Lock>> {
    create(data_dir)?;
    let path = data_dir.join(FILE);
    let file = File::create(&path).with_context(|| format!("opening {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("locking {}", path.display())),
    }
}

/// Creates and locks the folder; fails when another process holds the lock.
pub fn lock(data_dir: &Path) -> anyhow::Result<Lock> {
    match try_lock(data_dir)? {
        Some(lock) => Ok(lock),
        None => bail!(
            "another Collabry uses the data folder {}; stop it, or set COLLABRY_DATA_DIR to another folder",
            data_dir.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, metadata, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::create;

    #[test]
    fn a_folder_that_others_may_read_is_closed_and_one_that_all_share_is_left() {
        for (before, after) in [(0o755, 0o700), (0o1777, 0o1777)] {
            let folder = tempfile::tempdir().unwrap();
            set_permissions(folder.path(), Permissions::from_mode(before)).unwrap();
            create(folder.path()).unwrap();
            assert_eq!(metadata(folder.path()).unwrap().permissions().mode() & 0o7777, after);
        }
    }
}
