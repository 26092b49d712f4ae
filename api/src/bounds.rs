//! Bounds on how much an account or a notebook may have, which hold exactly even when many add at the same time.
//!
//! A request holds a [`Lock`] while it counts and adds. If its client hangs up during the write, the next request may count
//! without the new item: each such request may exceed a bound by one.

use collabry_shared::locks::{Lock, LockGuard};

use crate::http::{ApiError, ApiResult, Code};
use crate::state::ApiState;

/// Acquires the lock to count and add; it is held until the guard is dropped.
pub async fn alone(state: &ApiState, lock: Lock) -> ApiResult<LockGuard> {
    Ok(state.stores.locks.acquire(lock, &*state.clock).await?)
}

/// Refuses one more of `what` when there are `most` already.
pub fn check(has: usize, most: usize, code: Code, what: &str) -> ApiResult<()> {
    if has < most {
        return Ok(());
    }
    Err(ApiError::new(code, format!("There are {has} {what} already, and no more than {most} may be.")))
}
