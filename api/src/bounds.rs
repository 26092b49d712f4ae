//! How much an account or a notebook may have at a time: exactly, however many add at the same time.
//!
//! Whoever counts and adds holds a [`Lock`] meanwhile. If they hang up while what they add is being written, the next one
//! may count without it: each such request may exceed a bound by one.

use collabry_shared::locks::{Lock, LockGuard};

use crate::http::{ApiError, ApiResult};
use crate::state::ApiState;

/// Counts and adds alone, from here until what is returned is dropped.
pub async fn alone(state: &ApiState, lock: Lock) -> ApiResult<LockGuard> {
    Ok(state.stores.locks.acquire(lock, &*state.clock).await?)
}

/// Refuses one more of `what` when there are `most` already.
pub fn check(has: usize, most: usize, code: &'static str, what: &str) -> ApiResult<()> {
    if has < most {
        return Ok(());
    }
    Err(ApiError::conflict(code, format!("There are {has} {what} already, and no more than {most} may be.")))
}
