//! Health of a process: liveness, readiness and metrics.

mod ask;
mod listener;
mod memory;
pub mod metrics;
mod process;
pub mod requests;
mod state;

use std::time::Duration;

use async_trait::async_trait;
use prometheus_client::registry::Registry;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::ask::{answers, ask, notes};
pub use self::listener::Listener;

/// How long one dependency may take to answer a ping.
const PING: Duration = Duration::from_secs(2);

/// One dependency of a process, for `/ready`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DependencyStatus {
    pub name: String,
    /// Whether the process cannot serve without it.
    pub required: bool,
    pub ready: bool,
    pub latency_ms: u64,
    pub problem: Option<String>,
}

/// Whether a process can serve: the body of `/ready`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    pub ready: bool,
    pub draining: bool,
    pub dependencies: Vec<DependencyStatus>,
    /// Notes for the operator that do not affect readiness.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// Requests have shown that a setting is probably wrong. Anybody may read the note, so it contains nothing about anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    pub setting: String,
    pub message: String,
}

impl Readiness {
    /// Ready when no required dependency is missing and the process is not draining.
    pub fn of(draining: bool, dependencies: Vec<DependencyStatus>) -> Self {
        let missing = dependencies.iter().any(|dependency| dependency.required && !dependency.ready);
        Self { ready: !draining && !missing, draining, dependencies, notes: Vec::new() }
    }

    #[must_use]
    pub fn with_notes(self, notes: Vec<Note>) -> Self {
        Self { notes, ..self }
    }

    /// The HTTP status of the answer.
    pub fn status(&self) -> u16 {
        if self.ready { 200 } else { 503 }
    }
}

/// What the health endpoints report of a process.
#[async_trait]
pub trait HealthSource: Send + Sync + 'static {
    async fn ready(&self) -> Readiness;
    /// The metrics of the process. Collectors in it must not block.
    fn registry(&self) -> &Registry;
}

/// Pings a required dependency.
pub async fn probe<E: ToString>(name: &str, ping: impl Future<Output = Result<(), E>>) -> DependencyStatus {
    let start = tokio::time::Instant::now();
    let problem = match tokio::time::timeout(PING, ping).await {
        Ok(result) => result.err().map(|error| error.to_string()),
        Err(_) => Some(format!("no answer within {} seconds", PING.as_secs())),
    };
    DependencyStatus {
        name: name.to_owned(),
        required: true,
        ready: problem.is_none(),
        latency_ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        problem,
    }
}
