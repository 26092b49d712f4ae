//! The settings of backups.

use age::x25519::Recipient;
use secrecy::ExposeSecret as _;

use super::blobs::{self, S3Access};
use super::reader::Reader;
use crate::backups::{Signer, SigningKey};
use crate::storage::BlobConfig;

#[derive(Debug, Clone)]
pub struct BackupConfig {
    /// `COLLABRY_BACKUP_URL`; `None`: the worker makes none.
    pub location: Option<BlobConfig>,
    /// `COLLABRY_BACKUP_KEEP`: how many of the newest backups are kept.
    pub keep: usize,
    /// `COLLABRY_BACKUP_RECIPIENT`: the public key that backups are encrypted to.
    pub recipient: Option<Recipient>,
    /// `COLLABRY_BACKUP_SIGNING_KEY`: signs backups that are made.
    pub signing_key: Option<SigningKey>,
    /// `COLLABRY_BACKUP_SIGNER`: the public key of the required signer when verifying or restoring.
    pub signer: Option<Signer>,
}

impl BackupConfig {
    pub(super) fn read(read: &mut Reader<'_>, access: &S3Access) -> Self {
        let location = read.place("COLLABRY_BACKUP_URL").map(|url| blobs::place(&url, access));
        let keep = read.size("COLLABRY_BACKUP_KEEP", 14, 1..=10_000);
        let text = read.text("COLLABRY_BACKUP_RECIPIENT", "");
        let recipient = text.parse().ok();
        if recipient.is_none() && !text.is_empty() {
            read.problem(
                "COLLABRY_BACKUP_RECIPIENT",
                "is not a public key that begins with age1; collabry backup-key makes one",
            );
        }
        Self { location, keep, recipient, signing_key: signing_key(read), signer: signer(read) }
    }

    /// The required signer of this installation's backups, if the settings name one.
    pub fn signer(&self) -> Option<Signer> {
        self.signer.clone().or_else(|| self.signing_key.as_ref().map(SigningKey::signer))
    }
}

fn signing_key(read: &mut Reader<'_>) -> Option<SigningKey> {
    const NAME: &str = "COLLABRY_BACKUP_SIGNING_KEY";
    let text = read.secret(NAME, 1)?;
    let key = text.expose_secret().parse().ok();
    if key.is_none() {
        let public = text.expose_secret().parse::<Signer>().is_ok();
        let half = if public { "the public half of a signing key" } else { "not a signing key" };
        read.problem(NAME, format!("is {half}; collabry backup-key prints the secret one"));
    }
    key
}

fn signer(read: &mut Reader<'_>) -> Option<Signer> {
    const NAME: &str = "COLLABRY_BACKUP_SIGNER";
    let text = read.text(NAME, "");
    let signer = text.parse().ok();
    if signer.is_none() && !text.is_empty() {
        let secret = text.parse::<SigningKey>().is_ok();
        let half = if secret { "the secret half of a signing key" } else { "not a public key of a signer" };
        read.problem(NAME, format!("is {half}; what collabry backup-key writes names it as # signer"));
    }
    signer
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use crate::backups::SigningKey;
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
            matches!(config.location, Some(BlobConfig::S3(s3)) if s3.region == "eu-central-1" && s3.prefix == "collabry")
        );
        assert_eq!(config.recipient.unwrap().to_string(), key);
    }

    #[test]
    fn a_secret_key_is_not_taken_for_a_public_one() {
        let problems = backups(&[("COLLABRY_BACKUP_RECIPIENT", "AGE-SECRET-KEY-1QQQ")]).unwrap_err();
        assert!(problems.contains("COLLABRY_BACKUP_RECIPIENT: is not a public key"), "{problems}");
        assert!(!problems.contains("AGE-SECRET"), "a secret is never printed");
    }

    #[test]
    fn a_pair_that_signs() {
        let key = SigningKey::generate().unwrap();
        let (secret, public) = (key.text().unwrap(), key.signer().to_string());
        let secret = secret.expose_secret();
        let config = backups(&[("COLLABRY_BACKUP_SIGNING_KEY", secret)]).unwrap();
        assert_eq!(config.signer(), Some(key.signer()), "who signs knows who has signed");
        let other = SigningKey::generate().unwrap().signer();
        let config =
            backups(&[("COLLABRY_BACKUP_SIGNING_KEY", secret), ("COLLABRY_BACKUP_SIGNER", &other.to_string())]);
        assert_eq!(config.unwrap().signer(), Some(other), "what is named goes before it");
        let unset = backups(&[("COLLABRY_BACKUP_SIGNING_KEY", ""), ("COLLABRY_BACKUP_SIGNER", " ")]).unwrap();
        assert!(unset.signing_key.is_none() && unset.signer().is_none());

        for (name, value, part) in [
            ("COLLABRY_BACKUP_SIGNING_KEY", public.as_str(), "is the public half of a signing key"),
            ("COLLABRY_BACKUP_SIGNING_KEY", &secret[1..], "is not a signing key"),
            ("COLLABRY_BACKUP_SIGNER", secret, "is the secret half of a signing key"),
            ("COLLABRY_BACKUP_SIGNER", "age1x", "is not a public key of a signer"),
        ] {
            let problems = backups(&[(name, value)]).unwrap_err();
            assert!(problems.contains(&format!("{name}: {part}")), "{problems}");
            assert!(!problems.contains(&secret[24..]), "a secret is never printed");
        }
    }
}
