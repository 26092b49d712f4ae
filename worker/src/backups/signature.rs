//! Checks who signed a backup.

use collabry_shared::backups::Signer;

use super::manifest::Manifest;

/// What a backup's signature shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureStatus {
    /// The expected signer signed it.
    Verified(Signer),
    /// It is signed, but no signer is expected.
    Unverified(Signer),
    Unsigned,
}

/// A backup that is rejected because nothing proves that it is the requested one.
#[derive(Debug, thiserror::Error)]
pub enum RejectedBackup {
    #[error(
        "the backup is not signed, but must be signed by {0}. If it was made before backups were signed, use --any-signer"
    )]
    Unsigned(Signer),
    #[error(
        "the backup is signed by {actual}, but must be signed by {expected}. If that key is yours, name it with --signer"
    )]
    WrongSigner { actual: Signer, expected: Signer },
    #[error(
        "the signature does not match the backup: the backup was changed after it was made, or its signature is missing"
    )]
    Changed,
    #[error(
        "the newest backup is named {name}, but was made as {original}: it may be an older backup in its place. Name the backup to use"
    )]
    Renamed { name: String, original: String },
    #[error("the backup is not the one that was just verified: try again")]
    Replaced,
}

impl SignatureStatus {
    /// Checks the signature of a manifest whose bytes are `json`, and that it is from `expected` where that is given.
    pub fn check(
        manifest: &Manifest,
        json: &[u8],
        signature: Option<&[u8]>,
        expected: Option<&Signer>,
    ) -> Result<Self, RejectedBackup> {
        // The manifest names the key, so that an earlier key of the server can be told from a forgery.
        match (&manifest.signer, signature, expected) {
            (None, None, None) => Ok(Self::Unsigned),
            (None, None, Some(expected)) => Err(RejectedBackup::Unsigned(expected.clone())),
            (Some(actual), Some(signature), _) if actual.has_signed(json, signature) => match expected {
                None => Ok(Self::Unverified(actual.clone())),
                Some(expected) if expected == actual => Ok(Self::Verified(actual.clone())),
                Some(expected) => {
                    Err(RejectedBackup::WrongSigner { actual: actual.clone(), expected: expected.clone() })
                }
            },
            _ => Err(RejectedBackup::Changed),
        }
    }
}
