//! The keys that open a backup, and its required signer.

use std::fmt;
use std::io::Cursor;
use std::path::Path;

use age::{Identity, IdentityFile};
use anyhow::Context as _;
use collabry_shared::backups::Signer;

/// The prefix of the signer's line in a file that `collabry backup-key` makes; age reads the line as a comment.
pub const SIGNER: &str = "# signer: ";

/// The secret keys, none for a backup that is not encrypted, and the required signer, if there is one.
#[derive(Default)]
pub struct Keys {
    identities: Vec<Box<dyn Identity + Send + Sync>>,
    pub signer: Option<Signer>,
}

impl Keys {
    /// Reads a file that `collabry backup-key` or `age-keygen` made.
    pub fn from_file(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        Self::from_text(&text).with_context(|| format!("in {}", file.display()))
    }

    /// Parses the content of such a file.
    pub fn from_text(text: &str) -> anyhow::Result<Self> {
        let identities = IdentityFile::from_buffer(Cursor::new(text)).ok().and_then(|file| file.into_identities().ok());
        let identities = identities.context("this is not an age secret key")?;
        // A signer that cannot be parsed is an error: backups must not go unchecked.
        let signer = text.lines().find_map(|line| line.strip_prefix(SIGNER)).map(|text| text.trim().parse::<Signer>());
        Ok(Self { identities, signer: signer.transpose().context("invalid signer")? })
    }

    pub fn identities(&self) -> impl Iterator<Item = &dyn Identity> {
        self.identities.iter().map(|key| key.as_ref() as &dyn Identity)
    }

    pub fn is_empty(&self) -> bool {
        self.identities.is_empty()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secret keys, and the signer {:?}", self.identities.len(), self.signer)
    }
}
