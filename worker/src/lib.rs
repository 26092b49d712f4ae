//! The worker: runs the scheduled jobs, and those that an operator requests.

mod auth;
pub mod backups;
mod generations;
mod health;
pub mod jobs;
mod monitor;
mod notifications;
pub mod operator;
mod sources;
mod usage;
mod worker;

pub use self::worker::{Worker, WorkerParts};
