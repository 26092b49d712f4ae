//! Copies between a version's blob and the working folder of its ingestion.

use std::path::Path;

use collabry_shared::sources::FailureCode;
use collabry_shared::stores::Stores;
use futures::StreamExt as _;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio_util::io::ReaderStream;

use super::error::IngestError;
use super::lease::Lease;

/// Writes the version's blob to `file`.
pub(super) async fn download(stores: &Stores, lease: &Lease<'_>, file: &Path) -> Result<(), IngestError> {
    let Some(mut blob) = stores.blobs.get(&lease.claim.version.blob_key).await? else {
        return Err(IngestError::Failed { at: "extract", code: FailureCode::FileMissing });
    };
    let mut output = File::create(file).await?;
    while let Some(bytes) = blob.next().await {
        output.write_all(&bytes?).await?;
    }
    output.flush().await?;
    Ok(())
}

/// Stores `file` as the version's blob.
pub(super) async fn upload(stores: &Stores, lease: &Lease<'_>, file: &Path) -> Result<(), IngestError> {
    let bytes = ReaderStream::new(File::open(file).await?);
    stores.blobs.put_stream(&lease.claim.version.blob_key, bytes).await?;
    Ok(())
}

/// Deletes the blob of a source that was deleted, and purged, before the blob was stored: nobody else would.
pub(super) async fn delete_if_orphaned(stores: &Stores, lease: &Lease<'_>) -> Result<(), IngestError> {
    let source = &lease.claim.source;
    if stores.sources.notebook_of(source.id).await?.is_none() {
        stores.blobs.delete_source(source.notebook_id, source.id).await?;
    }
    Ok(())
}
