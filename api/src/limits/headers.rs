//! `RateLimit` and `RateLimit-Policy`, as in draft-ietf-httpapi-ratelimit-headers-11.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use collabry_shared::limits::LimitStatus;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Reports the state of each limit: what remains, and when it grows.
pub fn write(headers: &mut HeaderMap, standings: &[LimitStatus]) {
    let limit = |one: &LimitStatus| format!("\"{}\";r={};t={}", one.rule.name(), one.remaining, seconds(one.reset));
    let policy =
        |one: &LimitStatus| format!("\"{}\";q={};w={}", one.rule.name(), one.quota.count, one.quota.window.as_secs());
    for (name, value) in [(RATE_LIMIT, list(standings, limit)), (RATE_LIMIT_POLICY, list(standings, policy))] {
        if let Ok(value) = HeaderValue::from_str(&value)
            && !value.is_empty()
        {
            headers.insert(name, value);
        }
    }
}

fn list(standings: &[LimitStatus], item: impl Fn(&LimitStatus) -> String) -> String {
    standings.iter().map(item).collect::<Vec<_>>().join(", ")
}

/// Rounds up to whole seconds, so that a client that waits this long succeeds.
pub fn seconds(time: Duration) -> u32 {
    let whole = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    u32::try_from(whole).unwrap_or(u32::MAX)
}
