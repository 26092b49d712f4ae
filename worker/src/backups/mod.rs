//! Backups: one archive with the database, the files and the settings, written and read as a stream.
//!
//! It is a `.tar.gz`, encrypted with age when there is a public key, so that ordinary tools open it too: `database/` holds
//! the parts of the database, `files/` the files as they were uploaded, and `manifest.json`, which comes last, says what
//! else there must be, with hashes. An archive without it was cut off. Where there is a key that signs, the signature of the
//! manifest follows it: so of everything.

mod archive;
mod cli;
mod create;
mod job;
mod manifest;
mod origin;
mod place;
mod restore;
mod verify;

pub use self::cli::{BackupCommand, run};
pub use self::create::{Backup, Watch};
pub(crate) use self::job::BackUp;
pub use self::manifest::Manifest;
pub(crate) use self::place::Place;
pub use self::restore::{Claim, System, restore};
pub use self::verify::verify;
