//! What a backup is opened with, and whose it has to be.

use std::fmt;
use std::io::Cursor;
use std::path::Path;

use age::{Identity, IdentityFile};
use anyhow::Context as _;
use collabry_shared::backups::Signer;

/// What the line with the signer begins with, in a file that `collabry backup-key` makes; a comment for age.
pub const SIGNER: &str = "# signer: ";

/// Secret keys, none when the backup is not encrypted; and who must have signed it, as far as that is known.
#[derive(Default)]
pub struct Keys {
    identities: Vec<Box<dyn Identity + Send + Sync>>,
    pub signer: Option<Signer>,
}

impl Keys {
    /// Those of a file as `collabry backup-key` and `age-keygen` make it.
    pub fn of_file(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        Self::of_text(&text).with_context(|| format!("in {}", file.display()))
    }

    /// Those of such a file's content.
    pub fn of_text(text: &str) -> anyhow::Result<Self> {
        let identities = IdentityFile::from_buffer(Cursor::new(text)).ok().and_then(|file| file.into_identities().ok());
        let identities = identities.context("this is not an age secret key")?;
        // One that cannot be read must not leave backups unchecked.
        let signer = text.lines().find_map(|line| line.strip_prefix(SIGNER)).map(|text| text.trim().parse::<Signer>());
        Ok(Self { identities, signer: signer.transpose().context("the signer")? })
    }

    pub fn identities(&self) -> impl Iterator<Item = &dyn Identity> {
        self.identities.iter().map(|key| key.as_ref() as &dyn Identity)
    }

    pub fn opens_nothing(&self) -> bool {
        self.identities.is_empty()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secret keys, and the signer {:?}", self.identities.len(), self.signer)
    }
}
