//! Whose backup it is.

use collabry_shared::backups::Signer;

use super::manifest::Manifest;

/// What is known of who made a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// By whom it had to be.
    Proven(Signer),
    /// Somebody signed it, and nothing says who must have.
    Claimed(Signer),
    Unsigned,
}

/// A backup that is not taken, because it is not shown to be what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error(
        "the backup is not signed, and has to be by {0}. One from before backups were signed: --any-signer takes it"
    )]
    Unsigned(Signer),
    #[error(
        "the backup was signed by {made}, and has to be by {expected}. If that is a key of yours, name it with --signer"
    )]
    AnotherSigner { made: Signer, expected: Signer },
    #[error("the signature does not fit the backup: it was changed after it was made, or its signature is missing")]
    Changed,
    #[error(
        "the newest backup there is called {called}, and was made as {made}: an older one in its place? Name the one to take"
    )]
    Renamed { called: String, made: String },
    #[error("the backup is another one than was verified a moment ago")]
    Replaced,
}

impl Origin {
    /// Checks the signature of a manifest, whose bytes are `json`; `expected` must have made it.
    pub fn check(
        manifest: &Manifest,
        json: &[u8],
        signature: Option<&[u8]>,
        expected: Option<&Signer>,
    ) -> Result<Self, Refused> {
        // Which key it was is in the manifest, so that a key of before is told from a forgery.
        match (&manifest.signer, signature, expected) {
            (None, None, None) => Ok(Self::Unsigned),
            (None, None, Some(expected)) => Err(Refused::Unsigned(expected.clone())),
            (Some(made), Some(signature), _) if made.has_signed(json, signature) => match expected {
                None => Ok(Self::Claimed(made.clone())),
                Some(expected) if expected == made => Ok(Self::Proven(made.clone())),
                Some(expected) => Err(Refused::AnotherSigner { made: made.clone(), expected: expected.clone() }),
            },
            _ => Err(Refused::Changed),
        }
    }
}
