//! Removes what was deleted: users no longer see it, its files and rows are still there.

use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::clock::Clock;
use collabry_shared::ids::{ConversationId, NotebookId, SourceId};
use collabry_shared::stores::Stores;
use jiff::{SignedDuration, Timestamp};

use crate::jobs::{LeaseLost, Task, Turn};

pub(crate) struct PurgeDeleted {
    pub stores: Stores,
    pub clock: Arc<dyn Clock>,
    pub retention: SignedDuration,
}

/// Removes the files, then the rows, of notebooks, sources and conversations that were deleted long enough ago. What fails is tried
/// again by the next run, and does not keep the rest from going.
#[async_trait]
impl Task for PurgeDeleted {
    async fn run(&self, turn: &Turn) -> anyhow::Result<()> {
        let upto = self.clock.now().saturating_sub(self.retention).unwrap_or(Timestamp::MIN);
        let mut kept = 0;
        for notebook in self.stores.notebooks.deleted(upto).await? {
            kept += count("notebook", &notebook.to_string(), self.notebook(turn, notebook).await)?;
        }
        for (notebook, source) in self.stores.sources.deleted(upto).await? {
            kept += count("source", &source.to_string(), self.source(turn, notebook, source).await)?;
        }
        for conversation in self.stores.conversations.deleted(upto).await? {
            kept += count("conversation", &conversation.to_string(), self.conversation(turn, conversation).await)?;
        }
        anyhow::ensure!(
            kept == 0,
            "{kept} notebooks, sources or conversations could not be deleted for good; the log says why"
        );
        Ok(())
    }
}

impl PurgeDeleted {
    async fn notebook(&self, turn: &Turn, notebook: NotebookId) -> anyhow::Result<()> {
        turn.check().await?;
        if !self.stores.notebooks.begin_purge(notebook).await? {
            return Ok(());
        }
        self.stores.blobs.delete_notebook(notebook).await?;
        turn.check().await?;
        Ok(self.stores.notebooks.purge(notebook).await?)
    }

    async fn source(&self, turn: &Turn, notebook: NotebookId, source: SourceId) -> anyhow::Result<()> {
        turn.check().await?;
        if !self.stores.sources.begin_purge(source).await? {
            return Ok(());
        }
        self.stores.blobs.delete_source(notebook, source).await?;
        turn.check().await?;
        Ok(self.stores.sources.purge(source).await?)
    }

    async fn conversation(&self, turn: &Turn, conversation: ConversationId) -> anyhow::Result<()> {
        turn.check().await?;
        Ok(self.stores.conversations.purge(conversation).await?)
    }
}

/// 1 for what is still there. A lost lease ends the run.
fn count(what: &str, id: &str, purged: anyhow::Result<()>) -> anyhow::Result<u32> {
    match purged {
        Ok(()) => {
            tracing::info!(what, id, "deleted for good");
            Ok(0)
        }
        Err(error) if error.is::<LeaseLost>() => Err(error),
        Err(error) => {
            tracing::error!(what, id, error = format!("{error:#}"), "cannot be deleted for good yet");
            Ok(1)
        }
    }
}
