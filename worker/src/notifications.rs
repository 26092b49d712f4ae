//! Notifications that nobody needs any more.

use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::clock::Clock;
use collabry_shared::notifications::{KEPT, NotificationRepo};

use crate::jobs::{Task, Turn};

pub(crate) struct ForgetNotifications {
    pub notifications: Arc<dyn NotificationRepo>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Task for ForgetNotifications {
    async fn run(&self, turn: &Turn) -> anyhow::Result<()> {
        turn.check().await?;
        let gone = self.notifications.delete_before(self.clock.now() - KEPT).await?;
        tracing::info!(gone, "old notifications removed");
        Ok(())
    }
}
