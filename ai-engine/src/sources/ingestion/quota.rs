//! How many passages a source may have, and how many a person may add in an hour.

use collabry_shared::sources::FailureCode;
use jiff::{SignedDuration, Timestamp};

use super::IngestionParts;
use super::error::IngestError;
use super::lease::Lease;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Fails a version without passages, and one with more than the quotas allow.
pub(super) async fn check(parts: &IngestionParts, lease: &Lease<'_>, passages: usize) -> Result<(), IngestError> {
    let failed = |code| Err(IngestError::Failed { at: "chunk", code });
    let (passages, config) = (passages as u64, &parts.config);
    if passages == 0 {
        return failed(FailureCode::NoText);
    }
    if config.max_passages.is_some_and(|limit| passages > limit) {
        return failed(FailureCode::TooManyPassages);
    }
    if let Some(limit) = config.passages_per_hour {
        let hour_ago = parts.clock.now().saturating_sub(HOUR).unwrap_or(Timestamp::MIN);
        let spent = parts.stores.sources.passages_since(lease.claim.person(), hour_ago).await?;
        if spent.saturating_add(passages) > limit {
            return failed(FailureCode::PassagesSpent);
        }
    }
    Ok(())
}
