//! Generates the keys that make backups and those that read them.

use std::path::PathBuf;

use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;
use anyhow::Context as _;
use clap::Args;
use collabry_shared::backups::SigningKey;

use super::files::{is_standard, write_private};
use crate::backups::archive::SIGNER;

/// Prefixes the settings where they share one output with the key file.
const SETTING_PREFIX: &str = "# to be set: ";

#[derive(Debug, Args)]
pub struct KeyOptions {
    /// The file to create; keep it away from the server. - is standard output, which gets the settings too
    file: PathBuf,
}

/// Prints the signing key but does not write it to the file: reading backups does not need it.
#[expect(clippy::print_stdout, reason = "what the user asked for")]
pub fn generate_keys(options: &KeyOptions) -> anyhow::Result<()> {
    let (identity, signing_key) = (Identity::generate(), SigningKey::generate().context("generating a signing key")?);
    let (secret, public) = (identity.to_string(), identity.to_public());
    let file = format!("# public key: {public}\n{SIGNER}{}\n{}\n", signing_key.signer(), secret.expose_secret());
    let settings = [
        format!("COLLABRY_BACKUP_RECIPIENT={public}"),
        format!("COLLABRY_BACKUP_SIGNING_KEY={}", signing_key.text()?.expose_secret()),
    ];
    if is_standard(&options.file) {
        let settings = settings.map(|setting| format!("{SETTING_PREFIX}{setting}\n")).concat();
        return write_private(&options.file, (file + &settings).as_bytes());
    }
    write_private(&options.file, file.as_bytes())?;
    eprintln!(
        "{} holds the key that opens backups and checks who signed them. Without it no backup can be read. Keep it away from the server.",
        options.file.display()
    );
    eprintln!("The server's settings, with the secret key that signs its backups:");
    println!("{}", settings.join("\n"));
    Ok(())
}
