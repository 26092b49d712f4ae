//! New keys, for whoever makes backups and for whoever reads them.

use std::path::PathBuf;

use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;
use anyhow::Context as _;
use clap::Args;
use collabry_shared::backups::SigningKey;

use super::files::{is_standard, write_secretly};
use crate::backups::archive::SIGNER;

/// What settings begin with in an output that is the file as well.
const SET: &str = "# to be set: ";

#[derive(Debug, Args)]
pub struct KeyOptions {
    /// The file to make; keep it away from the server. - is standard output, which gets the settings too
    file: PathBuf,
}

/// The secret key that signs is printed and in no file: whoever reads backups does not need it.
#[expect(clippy::print_stdout, reason = "what the user asked for")]
pub fn make_keys(options: &KeyOptions) -> anyhow::Result<()> {
    let (identity, signing_key) = (Identity::generate(), SigningKey::generate().context("no key was made")?);
    let (secret, public) = (identity.to_string(), identity.to_public());
    let file = format!("# public key: {public}\n{SIGNER}{}\n{}\n", signing_key.signer(), secret.expose_secret());
    let settings = [
        format!("COLLABRY_BACKUP_RECIPIENT={public}"),
        format!("COLLABRY_BACKUP_SIGNING_KEY={}", signing_key.text()?.expose_secret()),
    ];
    if is_standard(&options.file) {
        let settings = settings.map(|setting| format!("{SET}{setting}\n")).concat();
        return write_secretly(&options.file, (file + &settings).as_bytes());
    }
    write_secretly(&options.file, file.as_bytes())?;
    eprintln!(
        "What opens backups, and checks who made them, is in {}. Without it none can be read: keep it away from the server.",
        options.file.display()
    );
    eprintln!("The settings of the server, with the secret key that signs its backups:");
    println!("{}", settings.join("\n"));
    Ok(())
}
