//! Observes how long statements take: counts them, and logs slow ones.

use std::time::Duration;

use sqlx::Error;
use sqlx::error::ErrorKind;

use super::metrics::Metrics;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct QueryObserver {
    pub pool: &'static str,
    pub metrics: Metrics,
    /// Statements that take longer are logged.
    pub slow: Duration,
}

impl QueryObserver {
    /// Counts a statement, and logs a slow one.
    pub fn observe(&self, sql: &str, elapsed: Duration, error: Option<&Error>) {
        let failed = error.is_some_and(|error| match error {
            // A key that is taken is an answer.
            Error::Database(error) => matches!(error.kind(), ErrorKind::Other),
            Error::RowNotFound => false,
            _ => true,
        });
        self.metrics.observe(self.pool, elapsed, failed);
        self.log_slow(sql, elapsed);
    }

    /// Values are bound, and never in the text of a statement.
    pub fn log_slow(&self, sql: &str, elapsed: Duration) {
        if elapsed >= self.slow {
            let shape = sql.split_whitespace().collect::<Vec<_>>().join(" ");
            let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(pool = self.pool, shape, millis, "a slow query");
        }
    }
}
