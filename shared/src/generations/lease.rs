//! The right to write a generation, which has to be renewed.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A process that has not renewed for so long counts as dead. The clocks of all machines must agree much better.
pub const LEASE: SignedDuration = SignedDuration::from_secs(6);

/// Two renewals may fail before the lease runs out.
pub const HEARTBEAT: Duration = Duration::from_secs(2);

/// The end of a lease that begins now.
pub fn until(now: Timestamp) -> Timestamp {
    now.saturating_add(LEASE).unwrap_or(Timestamp::MAX)
}
