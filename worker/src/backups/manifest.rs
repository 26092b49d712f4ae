//! The manifest: what an archive contains.

use std::collections::BTreeMap;

use collabry_shared::backups::{Backend, Counts, Signer};
use collabry_shared::config::Setting;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

/// The version of the format; it grows with each change that older programs cannot read.
pub const FORMAT: u32 = 1;

/// The last entry of an archive that is not signed.
pub const NAME: &str = "manifest.json";

/// The last entry of a signed archive, after the manifest: the 64 bytes of the Ed25519 signature of the manifest's bytes.
pub const SIGNATURE: &str = "manifest.json.sig";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    pub format: u32,
    /// The version of the program that wrote the archive.
    pub version: String,
    pub backend: Backend,
    /// The file name that the archive was written under; `None` when it was written to a stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who must have signed the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<Signer>,
    /// The archive contains everything that was acknowledged before this time.
    pub began: Timestamp,
    /// The archive contains nothing from after this time.
    pub ended: Timestamp,
    /// Documents or rows by collection or table.
    pub counts: Counts,
    pub files: u64,
    /// The settings that were not left at their defaults.
    pub settings: BTreeMap<String, String>,
    /// The operator's `.env` file as it was. It holds more than the processes read, such as ports and passwords of the
    /// stores, so it is only in encrypted archives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env_file: Option<String>,
    /// Names of the secret settings that are missing because the archive is not encrypted.
    pub secrets_left_out: Vec<String>,
    pub entries: Vec<Entry>,
}

/// A part of the database or a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub name: String,
    pub bytes: u64,
    /// In hex.
    pub sha256: String,
}

impl Manifest {
    /// Adds the settings; secret ones only when the archive is `encrypted`.
    #[must_use]
    pub fn with_settings(mut self, settings: &[Setting], encrypted: bool) -> Self {
        for setting in settings {
            if setting.secret && !encrypted {
                self.secrets_left_out.push(setting.name.clone());
            } else {
                self.settings.insert(setting.name.clone(), setting.value.expose_secret().to_owned());
            }
        }
        self
    }

    /// The settings as a `.env` file: the one in the backup, or else one with the settings that the processes read. Values
    /// are not quoted, as `deploy.sh` and Compose expect; settings that are missing become comments.
    pub fn settings_file(&self) -> String {
        if let Some(file) = &self.env_file {
            return file.clone();
        }
        let line = |(name, value): (&String, &String)| {
            if value.contains(['\n', '\r']) {
                format!("# has several lines and must be set by hand: {name}\n")
            } else {
                format!("{name}={value}\n")
            }
        };
        let set = self.settings.iter().map(line);
        let missing = self.secrets_left_out.iter().map(|name| format!("# not in the backup: {name}=\n"));
        set.chain(missing).collect()
    }

    pub fn bytes(&self) -> u64 {
        self.entries.iter().map(|entry| entry.bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Manifest {
        Manifest {
            format: FORMAT,
            version: "0.1.0".to_owned(),
            backend: Backend::Sqlite,
            name: None,
            signer: None,
            began: Timestamp::UNIX_EPOCH,
            ended: Timestamp::UNIX_EPOCH,
            counts: Counts::new(),
            files: 0,
            settings: BTreeMap::new(),
            env_file: None,
            secrets_left_out: Vec::new(),
            entries: Vec::new(),
        }
    }

    #[test]
    fn secrets_are_only_in_encrypted_archives() {
        let setting = |name: &str, value: &str, secret| Setting { name: name.to_owned(), value: value.into(), secret };
        let settings = [setting("COLLABRY_BIND", "0.0.0.0:80", false), setting("REDIS_URL", "redis://:it's@r", true)];
        let open = empty().with_settings(&settings, false);
        assert_eq!(open.settings_file(), "COLLABRY_BIND=0.0.0.0:80\n# not in the backup: REDIS_URL=\n");
        let sealed = empty().with_settings(&settings, true);
        assert_eq!(sealed.settings_file(), "COLLABRY_BIND=0.0.0.0:80\nREDIS_URL=redis://:it's@r\n");
        let with_file = Manifest { env_file: Some("# Mine\nREDIS_PASSWORD=a\n".to_owned()), ..sealed };
        assert_eq!(with_file.settings_file(), "# Mine\nREDIS_PASSWORD=a\n");
    }
}
