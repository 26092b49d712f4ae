//! Deletes expired sessions.

use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::auth::SessionRepo;
use collabry_shared::clock::Clock;

use crate::jobs::{JobHandler, LeasedRun};

pub(crate) struct ExpireSessions {
    pub sessions: Arc<dyn SessionRepo>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl JobHandler for ExpireSessions {
    async fn run(&self, run: &LeasedRun) -> anyhow::Result<()> {
        run.check_lease().await?;
        let deleted = self.sessions.delete_expired(self.clock.now()).await?;
        tracing::info!(deleted, "expired sessions deleted");
        Ok(())
    }
}
