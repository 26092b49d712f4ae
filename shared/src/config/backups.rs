//! Where backups go.

use age::x25519::Recipient;

use super::blobs::{self, S3Access};
use super::reader::Reader;
use crate::storage::BlobConfig;

#[derive(Debug, Clone)]
pub struct BackupConfig {
    /// `COLLABRY_BACKUP_URL`; `None`: the worker makes none.
    pub place: Option<BlobConfig>,
    /// `COLLABRY_BACKUP_KEEP`: the newest so many are kept there.
    pub keep: usize,
    /// `COLLABRY_BACKUP_RECIPIENT`: the public key that backups are encrypted to.
    pub recipient: Option<Recipient>,
}

impl BackupConfig {
    pub(super) fn read(read: &mut Reader<'_>, access: &S3Access) -> Self {
        let place = read.place("COLLABRY_BACKUP_URL").map(|url| blobs::place(&url, access));
        let keep = read.size("COLLABRY_BACKUP_KEEP", 14, 1..=10_000);
        let text = read.text("COLLABRY_BACKUP_RECIPIENT", "");
        let recipient = text.parse().ok();
        if recipient.is_none() && !text.is_empty() {
            read.problem(
                "COLLABRY_BACKUP_RECIPIENT",
                "is no public key that begins with age1; collabry backup-key makes one",
            );
        }
        Self { place, keep, recipient }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{BackupConfig, Config};
    use crate::storage::BlobConfig;

    fn backups(settings: &[(&str, &str)]) -> Result<BackupConfig, String> {
        let lookup = |name: &str| settings.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned());
        Config::from_lookup(lookup).map(|config| config.worker.backups).map_err(|problems| problems.to_string())
    }

    #[test]
    fn a_place_and_a_public_key() {
        let key = age::x25519::Identity::generate().to_public().to_string();
        let config = backups(&[
            ("COLLABRY_BACKUP_URL", "s3://backups/collabry"),
            ("COLLABRY_S3_REGION", "eu-central-1"),
            ("COLLABRY_BACKUP_RECIPIENT", &key),
        ]);
        let config = config.unwrap();
        assert!(
            matches!(config.place, Some(BlobConfig::S3(s3)) if s3.region == "eu-central-1" && s3.prefix == "collabry")
        );
        assert_eq!(config.recipient.unwrap().to_string(), key);
    }

    #[test]
    fn a_secret_key_is_not_taken_for_a_public_one() {
        let problems = backups(&[("COLLABRY_BACKUP_RECIPIENT", "AGE-SECRET-KEY-1QQQ")]).unwrap_err();
        assert!(problems.contains("COLLABRY_BACKUP_RECIPIENT: is no public key"), "{problems}");
        assert!(!problems.contains("AGE-SECRET"), "a secret is never printed");
    }
}
