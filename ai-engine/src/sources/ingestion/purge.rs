//! Removes what was deleted: users no longer see it, its files and rows are still there.

use collabry_shared::ids::{NotebookId, SourceId};
use collabry_shared::storage::{StoreError, Stores};

use super::Ingestion;

impl Ingestion {
    /// Removes the files, then the rows, of deleted sources and notebooks. What fails is logged and tried again later,
    /// and does not keep the rest from going.
    pub async fn purge_deleted(&self) {
        let stores = &self.parts.stores;
        match stores.notebooks.deleted().await {
            Ok(notebooks) => {
                for notebook in notebooks {
                    log("notebook", &notebook.to_string(), purge_notebook(stores, notebook).await);
                }
            }
            Err(error) => unlisted(&error),
        }
        match stores.sources.deleted().await {
            Ok(sources) => {
                for (notebook, source) in sources {
                    log("source", &source.to_string(), purge_source(stores, notebook, source).await);
                }
            }
            Err(error) => unlisted(&error),
        }
    }
}

async fn purge_notebook(stores: &Stores, notebook: NotebookId) -> anyhow::Result<()> {
    stores.blobs.delete_notebook(notebook).await?;
    Ok(stores.notebooks.purge(notebook).await?)
}

async fn purge_source(stores: &Stores, notebook: NotebookId, source: SourceId) -> anyhow::Result<()> {
    stores.blobs.delete_source(notebook, source).await?;
    Ok(stores.sources.purge(source).await?)
}

fn log(what: &str, id: &str, purged: anyhow::Result<()>) {
    match purged {
        Ok(()) => tracing::info!(what, id, "deleted for good"),
        Err(error) => tracing::error!(what, id, error = format!("{error:#}"), "cannot be deleted for good yet"),
    }
}

fn unlisted(error: &StoreError) {
    tracing::error!(%error, "what is to be deleted for good cannot be listed");
}
