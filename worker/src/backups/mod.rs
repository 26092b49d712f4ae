//! Backups: one archive with the database, the files and the settings, written and read as a stream.
//!
//! An archive is a `.tar.gz`, encrypted with age when there is a public key, so that ordinary tools can open it too:
//! `database/` holds the parts of the database, `files/` the uploaded files, and `manifest.json`, which comes last, lists
//! all other entries with their hashes. An archive without a manifest was cut off. When there is a signing key, the
//! manifest's signature follows the manifest and so covers everything.

mod archive;
mod cli;
mod create;
mod job;
mod manifest;
mod restore;
mod signature;
mod store;
mod verify;

pub use self::cli::{BackupCommand, run};
pub use self::create::{Backup, Progress};
pub(crate) use self::job::BackupJob;
pub use self::manifest::Manifest;
pub use self::restore::{Claim, TargetSystem, restore};
pub(crate) use self::store::BackupStore;
pub use self::verify::verify;
