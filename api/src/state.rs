//! What every handler can reach. Nothing in it would be missed by another replica.

use std::ops::Deref;
use std::sync::Arc;

use collabry_shared::clock::Clock;
use collabry_shared::config::ApiConfig;
use collabry_shared::coordination::Coordination;
use collabry_shared::engine::AiEngine;
use collabry_shared::models::ModelId;
use collabry_shared::stores::Stores;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::passwords::Passwords;
use crate::auth::sessions::Sessions;
use crate::auth::tokens::Tokens;
use crate::health::checked::Checked;
use crate::limits::reads::Reads;
use crate::metrics::Metrics;
use crate::notices::Notices;

/// Cheap to clone.
#[derive(Clone)]
pub struct ApiState(Arc<StateParts>);

pub struct StateParts {
    pub config: ApiConfig,
    pub default_model: ModelId,
    pub stores: Stores,
    pub engine: Arc<dyn AiEngine>,
    pub coordination: Coordination,
    pub clock: Arc<dyn Clock>,
    pub tokens: Tokens,
    pub sessions: Sessions,
    pub passwords: Passwords,
    pub reads: Reads,
    pub ready: Checked,
    /// Cancelled when the process begins to drain.
    pub draining: CancellationToken,
    /// Work that goes on behind its answer; the app waits for it before it ends.
    pub background: TaskTracker,
    pub metrics: Metrics,
    pub notices: Notices,
}

impl ApiState {
    pub fn new(parts: StateParts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for ApiState {
    type Target = StateParts;

    fn deref(&self) -> &StateParts {
        &self.0
    }
}

impl std::fmt::Debug for ApiState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiState").finish_non_exhaustive()
    }
}
