//! The wire format of times: always with milliseconds, so that they also sort as text.

use jiff::Timestamp;
use serde::Serializer;

/// Formats a time for the wire.
pub fn text(time: Timestamp) -> String {
    format!("{time:.3}")
}

pub fn time<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(*time))
}

pub fn optional<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.serialize_some(&text(*time)),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn a_time_always_has_its_milliseconds() {
        for (given, sent) in [
            ("2026-03-01T02:30:00Z", "2026-03-01T02:30:00.000Z"),
            ("2026-03-01T02:30:00.87Z", "2026-03-01T02:30:00.870Z"),
            ("2026-03-01T02:30:00.9999Z", "2026-03-01T02:30:00.999Z"),
        ] {
            assert_eq!(text(given.parse().unwrap()), sent);
        }
    }
}
