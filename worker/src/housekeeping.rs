//! The jobs. Each may run at any time, again, and beside itself.

use std::sync::Arc;

use collabry_shared::clock::Clock;
use collabry_shared::storage::Stores;
use jiff::SignedDuration;

/// How long a finished generation can still be replayed event by event; its answer stays for good.
const LOG_RETENTION: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Clone)]
pub struct Housekeeping {
    pub stores: Stores,
    pub clock: Arc<dyn Clock>,
}

impl Housekeeping {
    pub async fn expire_sessions(&self) -> anyhow::Result<()> {
        let gone = self.stores.sessions.delete_expired(self.clock.now()).await?;
        tracing::info!(gone, "expired sessions removed");
        Ok(())
    }

    pub async fn forget_generation_logs(&self) -> anyhow::Result<()> {
        let gone = self.stores.generation_log.forget(self.clock.now() - LOG_RETENTION).await?;
        tracing::info!(gone, "old generation logs removed");
        Ok(())
    }
}
