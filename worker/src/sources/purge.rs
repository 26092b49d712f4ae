//! Purges deleted items: users no longer see them, but their files and rows still exist.

use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::clock::Clock;
use collabry_shared::ids::{ConversationId, NotebookId, SourceId};
use collabry_shared::stores::Stores;
use jiff::{SignedDuration, Timestamp};

use crate::jobs::{JobHandler, LeaseLost, LeasedRun};

pub(crate) struct PurgeDeleted {
    pub stores: Stores,
    pub clock: Arc<dyn Clock>,
    pub retention: SignedDuration,
}

/// Removes the files, then the rows, of notebooks, sources and conversations whose retention has passed. An item that
/// cannot be purged does not hold up the others, and the next run tries it again.
#[async_trait]
impl JobHandler for PurgeDeleted {
    async fn run(&self, run: &LeasedRun) -> anyhow::Result<()> {
        let upto = self.clock.now().saturating_sub(self.retention).unwrap_or(Timestamp::MIN);
        let mut kept = 0;
        for notebook in self.stores.notebooks.deleted(upto).await? {
            kept += count("notebook", &notebook.to_string(), self.notebook(run, notebook).await)?;
        }
        for (notebook, source) in self.stores.sources.deleted(upto).await? {
            kept += count("source", &source.to_string(), self.source(run, notebook, source).await)?;
        }
        for conversation in self.stores.conversations.deleted(upto).await? {
            kept += count("conversation", &conversation.to_string(), self.conversation(run, conversation).await)?;
        }
        anyhow::ensure!(kept == 0, "{kept} notebooks, sources or conversations could not be purged; the log says why");
        Ok(())
    }
}

impl PurgeDeleted {
    async fn notebook(&self, run: &LeasedRun, notebook: NotebookId) -> anyhow::Result<()> {
        run.check_lease().await?;
        if !self.stores.notebooks.begin_purge(notebook).await? {
            return Ok(());
        }
        self.stores.blobs.delete_notebook(notebook).await?;
        run.check_lease().await?;
        Ok(self.stores.notebooks.purge(notebook).await?)
    }

    async fn source(&self, run: &LeasedRun, notebook: NotebookId, source: SourceId) -> anyhow::Result<()> {
        run.check_lease().await?;
        if !self.stores.sources.begin_purge(source).await? {
            return Ok(());
        }
        self.stores.blobs.delete_source(notebook, source).await?;
        run.check_lease().await?;
        Ok(self.stores.sources.purge(source).await?)
    }

    async fn conversation(&self, run: &LeasedRun, conversation: ConversationId) -> anyhow::Result<()> {
        run.check_lease().await?;
        Ok(self.stores.conversations.purge(conversation).await?)
    }
}

/// Returns 1 for an item that could not be purged. A lost lease ends the run.
fn count(what: &str, id: &str, purged: anyhow::Result<()>) -> anyhow::Result<u32> {
    match purged {
        Ok(()) => {
            tracing::info!(what, id, "item purged");
            Ok(0)
        }
        Err(error) if error.is::<LeaseLost>() => Err(error),
        Err(error) => {
            tracing::error!(what, id, error = format!("{error:#}"), "cannot purge an item");
            Ok(1)
        }
    }
}
