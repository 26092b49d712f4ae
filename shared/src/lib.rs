//! Domain types and rules, storage, configuration, telemetry and lifecycle shared by every role.

pub mod auth;
pub mod backups;
pub mod check;
pub mod clock;
pub mod config;
pub mod conversations;
pub mod coordination;
pub mod engine;
pub mod generations;
pub mod health;
pub mod http;
pub mod ids;
pub mod jobs;
pub mod lifecycle;
pub mod limits;
pub mod memory;
pub mod notebooks;
pub mod notifications;
pub mod presence;
pub mod realtime;
pub mod redis;
pub mod sources;
pub mod storage;
pub mod telemetry;
pub mod usage;
