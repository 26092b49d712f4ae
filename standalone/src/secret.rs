//! The signing secret of an installation that was given none.

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

/// Reads the secret kept in the data folder, or makes one there.
pub fn load_or_make(data_dir: &Path) -> anyhow::Result<SecretString> {
    let path = data_dir.join(FILE);
    match OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(&path) {
        Ok(mut file) => {
            let secret = STANDARD_NO_PAD.encode(rand::random::<[u8; BYTES]>());
            file.write_all(secret.as_bytes()).and_then(|()| file.sync_all()).context("writing the signing secret")?;
            Ok(secret.into())
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read(&path),
        Err(error) => Err(error).with_context(|| format!("making {}", path.display())),
    }
}

fn read(path: &Path) -> anyhow::Result<SecretString> {
    let secret = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    anyhow::ensure!(
        secret.len() >= BYTES,
        "{} is damaged. Delete it: a new one is made, and clients renew their tokens by themselves",
        path.display()
    );
    Ok(secret.into())
}

/// Whether the secret that is there, if any, can be used: readable by the server, whole, and by nobody else.
pub fn look(data_dir: &Path) -> Result<(), String> {
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
    Err(format!("other users of this machine may read {0}: chmod 600 {0}", path.display()))
}
