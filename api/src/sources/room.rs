//! What may still be added: by this person, and to this installation.
//!
//! Of uploads the share of a person is kept exactly. How large a web page is shows when it has been fetched: each that was
//! added while there was room may exceed the share by what one file may have.

use collabry_shared::ids::UserId;
use collabry_shared::locks::{Lock, LockGuard};
use collabry_shared::sources::Owned;
use collabry_shared::stores::Writes;

use crate::bounds;
use crate::http::{ApiError, ApiResult, Code};
use crate::state::ApiState;

const MIB: u64 = 1024 * 1024;
/// What was deleted can be brought back for a while, and stays on the disk until then: so many shares of a person are kept
/// at most, or deleting would be a way around the share.
const SHARES_KEPT: u64 = 2;

/// What one file may have, and why no more.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    pub bytes: u64,
    /// Whether it is the person's share that ends there, and not what any file may have.
    pub ends_share: bool,
}

/// Refuses when a disk that it would go to has little room left: whatever is written then may be what breaks everything.
pub fn on_disk(state: &ApiState, writes: Writes) -> ApiResult<()> {
    let Some(place) = state.stores.disks.below(state.config.min_free_bytes, writes) else { return Ok(()) };
    let what = format!("the disk of {place} has less than COLLABRY_MIN_FREE_MB left");
    Err(ApiError { internal: Some(what), ..ApiError::storage_full() })
}

/// Refuses when the disk has little room left or the person has their share; `new_source`: not only a new version.
pub async fn check(state: &ApiState, person: UserId, new_source: bool) -> ApiResult<Room> {
    on_disk(state, Writes::Files)?;
    let limits = &state.config.shares;
    let most = Room { bytes: state.config.max_upload_bytes, ends_share: false };
    if limits.sources.is_none() && limits.bytes.is_none() {
        return Ok(most);
    }
    let owned = state.stores.sources.owned_by(person).await?;
    if let Some(sources) = limits.sources.filter(|sources| new_source && owned.sources >= *sources) {
        let sentence = format!("You have {sources} sources, the most that one person can have. Delete some first.");
        return Err(ApiError::new(Code::TooManySources, sentence));
    }
    let left = limits.bytes.map_or(u64::MAX, |share| left(share, owned));
    if left == 0 {
        let deleted = limits.bytes.is_some_and(|share| owned.bytes < share);
        return Err(if deleted { share_kept(state) } else { share_spent(state) });
    }
    Ok(if left < most.bytes { Room { bytes: left, ends_share: true } } else { most })
}

/// As [`check`], for `bytes` that are added before what is returned is dropped: nobody else adds any of this person's
/// meanwhile. What [`check`] said before a file came may not be so any more.
pub async fn take(state: &ApiState, person: UserId, new_source: bool, bytes: u64) -> ApiResult<Option<LockGuard>> {
    let limits = &state.config.shares;
    if limits.sources.is_none() && limits.bytes.is_none() {
        on_disk(state, Writes::Files)?;
        return Ok(None);
    }
    let alone = bounds::alone(state, Lock::Sources(person)).await?;
    let room = check(state, person, new_source).await?;
    if room.ends_share && bytes > room.bytes {
        return Err(share_spent(state));
    }
    Ok(Some(alone))
}

/// Of a share in bytes.
fn left(share: u64, owned: Owned) -> u64 {
    let kept = share.saturating_mul(SHARES_KEPT).saturating_sub(owned.bytes_kept);
    share.saturating_sub(owned.bytes).min(kept)
}

/// There would be room but for what they have deleted.
fn share_kept(state: &ApiState) -> ApiError {
    let most = state.config.shares.bytes.unwrap_or_default() / MIB * SHARES_KEPT;
    let sentence = format!(
        "Your files and those that you deleted lately take up {most} MB, the most that is kept for you. What is deleted \
         goes for good after some days; try again then."
    );
    ApiError::new(Code::StorageShareSpent, sentence)
}

/// The person's files are as large together as they may be.
pub fn share_spent(state: &ApiState) -> ApiError {
    let most = state.config.shares.bytes.unwrap_or_default() / MIB;
    let sentence =
        format!("Your files can take up {most} MB in total. Delete sources that you no longer need, then try again.");
    ApiError::new(Code::StorageShareSpent, sentence)
}
