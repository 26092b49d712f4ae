//! Sessions that expired.

use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::auth::SessionRepo;
use collabry_shared::clock::Clock;

use crate::jobs::{Task, Turn};

pub(crate) struct ExpireSessions {
    pub sessions: Arc<dyn SessionRepo>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Task for ExpireSessions {
    async fn run(&self, turn: &Turn) -> anyhow::Result<()> {
        turn.check().await?;
        let gone = self.sessions.delete_expired(self.clock.now()).await?;
        tracing::info!(gone, "expired sessions removed");
        Ok(())
    }
}
