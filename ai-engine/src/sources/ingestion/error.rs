//! Why an ingestion ends before its version is searchable.

use collabry_shared::sources::FailureCode;
use collabry_shared::storage::StoreResult;

#[derive(Debug)]
pub(super) enum IngestError {
    /// This process is shutting down.
    ShuttingDown,
    /// Another process has taken over, or the source was deleted.
    LeaseLost,
    /// The source cannot be ingested.
    Failed { at: &'static str, code: FailureCode },
    /// Something of ours failed; the version is tried again when the lease expires.
    Internal(anyhow::Error),
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for IngestError {
    fn from(error: E) -> Self {
        Self::Internal(error.into())
    }
}

/// Turns a write that found the claim outdated into [`IngestError::LeaseLost`].
pub(super) fn fenced(written: StoreResult<bool>) -> Result<(), IngestError> {
    if written? { Ok(()) } else { Err(IngestError::LeaseLost) }
}
