//! Rate limits per caller: all limits of a request are checked in one step, all or nothing.
//!
//! GCRA: a key stores only the instant at which its quota is full again. A burst may use up the whole quota, which then
//! refills evenly, one request at a time.

mod fallback;
mod local;
mod redis;

use std::num::NonZeroU32;
use std::time::Duration;

use async_trait::async_trait;

pub use self::fallback::FallbackLimiter;
pub use self::local::LocalLimiter;
pub use self::redis::RedisLimiter;
use crate::storage::StoreResult;

/// The kind of a limit; its name is part of keys and headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Calls without a valid token and connections of sockets, per address.
    Anonymous,
    /// Attempts to sign in, per address and account.
    SignIn,
    /// Attempts to sign in to an account, from all addresses together.
    Account,
    /// Calls of a user.
    Api,
    /// Events that a user's sockets send.
    Events,
    /// Messages that a user sends, edits or has answered again, over HTTP and sockets.
    Messages,
    /// Files and pages that a user adds.
    Uploads,
    /// Codes that a user tries, right or wrong.
    Codes,
    /// Invitations that a user makes.
    Invitations,
    /// Exports of an account, each of which reads all that its user can see.
    Exports,
}

impl Rule {
    pub const ALL: [Self; 10] = [
        Self::Anonymous,
        Self::SignIn,
        Self::Account,
        Self::Api,
        Self::Events,
        Self::Messages,
        Self::Uploads,
        Self::Codes,
        Self::Invitations,
        Self::Exports,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::SignIn => "sign-in",
            Self::Account => "account",
            Self::Api => "api",
            Self::Events => "events",
            Self::Messages => "messages",
            Self::Uploads => "uploads",
            Self::Codes => "codes",
            Self::Invitations => "invitations",
            Self::Exports => "exports",
        }
    }
}

/// How many requests are allowed per window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub count: NonZeroU32,
    pub window: Duration,
}

impl Quota {
    /// The microseconds after which one request is allowed again.
    fn interval(self) -> i64 {
        let micros = self.window.as_micros() / u128::from(self.count.get());
        i64::try_from(micros).unwrap_or(i64::MAX).max(1)
    }

    /// The microseconds in which an empty quota refills.
    fn full_time(self) -> i64 {
        self.interval().saturating_mul(i64::from(self.count.get()))
    }
}

/// A limit that applies to a request, and to whom. A request has each rule at most once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    pub rule: Rule,
    /// Who is counted: an id or an address. Short, and not secret.
    pub subject: String,
    pub quota: Quota,
}

/// The state of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitStatus {
    pub rule: Rule,
    pub quota: Quota,
    pub remaining: u32,
    /// The time until one more request is allowed: for a limit that refused, when to try again.
    pub reset: Duration,
}

/// The decision on a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The request counts against each limit.
    Allowed(Vec<LimitStatus>),
    /// The request counts against none. Of several limits that refuse, this is the one that does so longest.
    Refused(LimitStatus),
}

/// Counts requests and refuses those above a limit.
#[async_trait]
pub trait Limiter: std::fmt::Debug + Send + Sync {
    /// Counts a request against all `limits`, or against none when one of them is used up.
    async fn check(&self, limits: &[Limit]) -> StoreResult<Decision>;
}

/// Decides by how much of each limit was available before the request, in microseconds of its window.
fn decide(limits: &[Limit], available: &[i64]) -> Decision {
    let status = |limit: &Limit, available: i64| {
        let interval = limit.quota.interval();
        LimitStatus {
            rule: limit.rule,
            quota: limit.quota,
            remaining: u32::try_from(available / interval).unwrap_or(0),
            reset: Duration::from_micros((interval - available % interval).unsigned_abs()),
        }
    };
    let pairs = || limits.iter().zip(available);
    let refusing = pairs().filter(|(limit, available)| **available < limit.quota.interval());
    match refusing.map(|(limit, available)| status(limit, *available)).max_by_key(|status| status.reset) {
        Some(longest) => Decision::Refused(longest),
        None => Decision::Allowed(
            pairs().map(|(limit, available)| status(limit, available - limit.quota.interval())).collect(),
        ),
    }
}
