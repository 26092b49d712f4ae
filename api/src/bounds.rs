//! How much an account or a notebook may have at a time. Callers that race may exceed a bound by one another.

use crate::http::{ApiError, ApiResult};

/// Refuses one more of `what` when there are `most` already.
pub fn check(has: usize, most: usize, code: &'static str, what: &str) -> ApiResult<()> {
    if has < most {
        return Ok(());
    }
    Err(ApiError::conflict(code, format!("There are {has} {what} already, and no more than {most} may be.")))
}
