//! Limits on what one caller may do in a time: all limits of a request are checked in one step, all or nothing.
//!
//! GCRA: a key keeps the one instant at which its quota would be whole again. A burst may use up the whole quota; then
//! it comes back evenly, one at a time.

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

/// Which limit; its name is part of keys and headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Calls without a valid token and connections of sockets, per address.
    Anonymous,
    /// Attempts to sign in, per address and account.
    SignIn,
    /// Attempts to sign in to an account, from wherever.
    Account,
    /// Calls of a user.
    Api,
    /// Events that a user's sockets send.
    Events,
    /// Messages that a user sends, edits, or has answered again, over HTTP and sockets.
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

/// So many in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub count: NonZeroU32,
    pub window: Duration,
}

impl Quota {
    /// Microseconds in which one comes back.
    fn interval(self) -> i64 {
        let micros = self.window.as_micros() / u128::from(self.count.get());
        i64::try_from(micros).unwrap_or(i64::MAX).max(1)
    }

    /// Microseconds in which an empty quota is whole again.
    fn whole(self) -> i64 {
        self.interval().saturating_mul(i64::from(self.count.get()))
    }
}

/// A limit that applies to a request, and to whom. A request has each rule once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    pub rule: Rule,
    /// Whom it counts: an id, an address. Short, and nothing secret.
    pub subject: String,
    pub quota: Quota,
}

/// How one limit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub rule: Rule,
    pub quota: Quota,
    pub remaining: u32,
    /// Until there is one more: for a limit that refused, when trying again makes sense.
    pub reset: Duration,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It counts against each limit.
    Allowed(Vec<Standing>),
    /// It counts against none. Of several that refuse, this is the one that does so longest.
    Refused(Standing),
}

/// Counts requests, and refuses those above a limit.
#[async_trait]
pub trait Limiter: std::fmt::Debug + Send + Sync {
    /// Counts one request against all `limits`, or against none of them when one is used up.
    async fn check(&self, limits: &[Limit]) -> StoreResult<Decision>;
}

/// From how much room each limit had before the request, in microseconds of its window.
fn decide(limits: &[Limit], rooms: &[i64]) -> Decision {
    let standing = |limit: &Limit, room: i64| {
        let interval = limit.quota.interval();
        Standing {
            rule: limit.rule,
            quota: limit.quota,
            remaining: u32::try_from(room / interval).unwrap_or(0),
            reset: Duration::from_micros((interval - room % interval).unsigned_abs()),
        }
    };
    let pairs = || limits.iter().zip(rooms);
    let refusing = pairs().filter(|(limit, room)| **room < limit.quota.interval());
    match refusing.map(|(limit, room)| standing(limit, *room)).max_by_key(|standing| standing.reset) {
        Some(longest) => Decision::Refused(longest),
        None => {
            Decision::Allowed(pairs().map(|(limit, room)| standing(limit, room - limit.quota.interval())).collect())
        }
    }
}
