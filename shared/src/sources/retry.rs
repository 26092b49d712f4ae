//! How often, and how soon, a failed version may be tried again.

use jiff::{SignedDuration, Timestamp};

use super::Source;

/// Retries of one version; a file that fails so often has to be uploaded again, or not at all.
pub const MAX_RETRIES: u32 = 8;

/// Before the second retry; twice as long before each that follows.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(30);

/// What became of the wish to try a version again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retry {
    Queued(Box<Source>),
    /// There is nothing that failed.
    NotFailed,
    /// It was tried again just now; from then on it may be.
    TooSoon(Timestamp),
    /// It was tried again [`MAX_RETRIES`] times.
    Exhausted,
}

/// `Err`: why a version that failed at `failed_at`, after so many retries, is not tried again now.
pub(super) fn may_retry(retries: u32, failed_at: Timestamp, now: Timestamp) -> Result<(), Retry> {
    if retries >= MAX_RETRIES {
        return Err(Retry::Exhausted);
    }
    let wait = match retries {
        // A person who has mended the cause is not kept waiting.
        0 => SignedDuration::ZERO,
        _ => FIRST_WAIT * 2_i32.pow(retries - 1),
    };
    let again_at = failed_at.saturating_add(wait).unwrap_or(Timestamp::MAX);
    if now < again_at { Err(Retry::TooSoon(again_at)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_until_there_are_no_more_retries() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(may_retry(0, at(0), at(0)), Ok(()));
        assert_eq!(may_retry(1, at(0), at(29)), Err(Retry::TooSoon(at(30))));
        assert_eq!(may_retry(1, at(0), at(30)), Ok(()));
        assert_eq!(may_retry(7, at(0), at(1919)), Err(Retry::TooSoon(at(1920))));
        assert_eq!(may_retry(MAX_RETRIES, at(0), at(1_000_000)), Err(Retry::Exhausted));
    }
}
