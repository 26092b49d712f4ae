//! The contract of the stores, run over every backend.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod auth;
mod backend;
mod blobs;
mod clock;
mod configuration;
mod conversations;
mod damage;
mod durability;
mod fixtures;
mod floors;
mod generation_log;
mod generations;
mod health;
mod idempotency;
mod jobs;
mod limits;
mod locks;
mod notebooks;
mod notifications;
mod pages;
mod presence;
mod redis;
mod restore;
mod round_trips;
mod seen;
mod servers;
mod sources;
mod storage;
mod telemetry;
mod unused;
mod usage;
