//! The worker over real stores, in this process and as processes of its own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod backups;
mod jobs;
mod monitor;
mod paused;
mod process;
mod runs;
mod support;
