//! How many answers one person, and everybody together, may have. What is asked for counts before anything is written.

use std::time::Duration;

use jiff::Timestamp;

use crate::conversations::Failure;

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// 0: as many as they like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Answers of one person that are queued or being written at the same time.
    pub unfinished: u32,
    /// Answers of one person on a day, in UTC.
    pub daily: u32,
    /// Answers of everybody together on a day.
    pub daily_of_all: u32,
}

/// What became of a request for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requested {
    /// Stored, now or before.
    Queued,
    /// The person waits for as many answers as they may.
    TooManyUnfinished,
    /// The person has had their answers of the day.
    Spent,
    /// Everybody together has.
    SpentByAll,
}

/// The day in UTC, such that later days sort behind.
pub(super) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// How long the day in UTC still lasts.
pub fn rest_of_day(now: Timestamp) -> Duration {
    let left = DAY_SECONDS - now.as_second().rem_euclid(DAY_SECONDS);
    Duration::from_secs(left.unsigned_abs())
}

/// Whether it failed before any model did something for it: such an answer does not count.
pub(super) fn cost_nothing(failure: &Failure) -> bool {
    const FREE: [&str; 8] = [
        "engine_busy",
        "model_not_found",
        "model_unchecked",
        "provider_rate_limited",
        "provider_refused",
        "provider_unreachable",
        "question_not_stored",
        "search_failed",
    ];
    FREE.contains(&failure.code.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_utc_and_sort() {
        let (late, early) = ("2026-12-01T00:00:00Z", "2026-11-30T23:59:59.999Z");
        let [late, early] = [late, early].map(|text| text.parse::<Timestamp>().unwrap());
        assert_eq!((day(early), day(late)), ("2026-11-30".to_owned(), "2026-12-01".to_owned()));
        assert!(day(early) < day(late));
        assert_eq!(rest_of_day(late), Duration::from_hours(24));
        assert_eq!(rest_of_day(early), Duration::from_secs(1));
    }
}
