//! How long people stay signed in.

use jiff::SignedDuration;

use super::reader::Reader;
use crate::auth::SessionLifetimes;

const MOST_DAYS: u64 = 3_650;

pub fn lifetimes(read: &mut Reader<'_>) -> SessionLifetimes {
    let idle = days(read, "COLLABRY_SESSION_IDLE_DAYS", 30);
    let whole = days(read, "COLLABRY_SESSION_DAYS", 90);
    SessionLifetimes { idle, whole }
}

fn days(read: &mut Reader<'_>, variable: &'static str, default: u64) -> SignedDuration {
    let days = read.number(variable, default, 1..=MOST_DAYS);
    SignedDuration::from_hours(24 * i64::try_from(days).unwrap_or(i64::MAX / 24))
}
