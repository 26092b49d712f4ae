//! The worker: what has to be done from time to time, whether anyone asks or not.

mod auth;
pub mod backups;
pub mod desk;
mod generations;
pub mod jobs;
mod lookout;
mod notifications;
mod sources;
mod usage;
mod vitals;
mod worker;

pub use self::worker::{Worker, WorkerParts};
