//! Deletes old notifications.

use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::clock::Clock;
use collabry_shared::notifications::{KEPT, NotificationRepo};

use crate::jobs::{JobHandler, LeasedRun};

pub(crate) struct PruneNotifications {
    pub notifications: Arc<dyn NotificationRepo>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl JobHandler for PruneNotifications {
    async fn run(&self, run: &LeasedRun) -> anyhow::Result<()> {
        run.check_lease().await?;
        let deleted = self.notifications.delete_before(self.clock.now() - KEPT).await?;
        tracing::info!(deleted, "old notifications deleted");
        Ok(())
    }
}
