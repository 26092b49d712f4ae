//! The signing secret of an installation that has none configured.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use secrecy::SecretString;

const FILE: &str = "jwt-secret";
const BYTES: usize = 48;
const OWNER_ONLY: u32 = 0o600;
const OTHERS: u32 = 0o077;

/// Reads the secret in the data folder, or creates one there.
pub fn load_or_create(data_dir: &Path) -> anyhow::Result<SecretString> {
    let path = data_dir.join(FILE);
    match OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(&path) {
        Ok(mut file) => {
            let secret = STANDARD_NO_PAD.encode(rand::random::<[u8; BYTES]>());
            file.write_all(secret.as_bytes()).and_then(|()| file.sync_all()).context("writing the signing secret")?;
            Ok(secret.into())
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read(&path),
        Err(error) => Err(error).with_context(|| format!("creating {}", path.display())),
    }
}

fn read(path: &Path) -> anyhow::Result<SecretString> {
    let secret = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    anyhow::ensure!(
        secret.len() >= BYTES,
        "{} is damaged. Delete it: the next start creates a new one, and clients renew their tokens by themselves",
        path.display()
    );
    Ok(secret.into())
}

/// Checks the existing secret, if there is one: the server can read it, it is complete, and nobody else can read it.
pub fn check(data_dir: &Path) -> Result<(), String> {
    let path = data_dir.join(FILE);
    let mode = match path.metadata() {
        Ok(metadata) => metadata.permissions().mode(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    read(&path).map_err(|error| format!("{error:#}"))?;
    if mode & OTHERS == 0 {
        return Ok(());
    }
    Err(format!("other users of this machine can read {0}: chmod 600 {0}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use secrecy::ExposeSecret as _;

    use super::{FILE, check, load_or_create};

    #[test]
    fn a_secret_is_made_once_and_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(check(folder.path()), Ok(()), "none yet");
        let made = load_or_create(folder.path()).unwrap();
        assert_eq!(check(folder.path()), Ok(()));
        assert_eq!(load_or_create(folder.path()).unwrap().expose_secret(), made.expose_secret());
        let rights = std::fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(rights & 0o777, 0o600);
    }

    #[test]
    fn one_that_cannot_be_used_is_said_before_and_at_the_start() {
        for damaged in [&b""[..], b"too short", &[0xff; 64]] {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join(FILE);
            std::fs::write(&file, damaged).unwrap();
            std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
            let problem = check(folder.path()).unwrap_err();
            assert!(problem.contains(&*file.to_string_lossy()), "{problem}");
            assert!(load_or_create(folder.path()).is_err(), "{damaged:?}");
            if damaged.is_ascii() {
                assert!(problem.contains("is damaged. Delete it: the next start creates a new one"), "{problem}");
            }
        }
    }

    #[test]
    fn one_that_cannot_be_read_or_is_read_by_others_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        // A link to itself and a folder cannot be read by root either, unlike a file without permissions.
        symlink(&file, &file).unwrap();
        assert!(check(folder.path()).unwrap_err().contains(&*file.to_string_lossy()));
        assert!(load_or_create(folder.path()).is_err());
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        assert!(check(folder.path()).unwrap_err().starts_with("reading "));
        std::fs::remove_dir(&file).unwrap();
        load_or_create(folder.path()).unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        assert!(check(folder.path()).unwrap_err().ends_with(&format!("chmod 600 {}", file.display())));
    }
}
