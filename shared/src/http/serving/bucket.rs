//! A token bucket.

use std::time::Duration;

use tokio::time::Instant;

/// A bucket of bytes that fills evenly. More than its content may be taken; then it takes longer to refill.
#[derive(Debug)]
pub struct TokenBucket {
    per_second: i64,
    limit: i64,
    left: i64,
    filled: Instant,
}

impl TokenBucket {
    pub fn new(per_second: u32, limit: u32, now: Instant) -> Self {
        Self { per_second: per_second.max(1).into(), limit: limit.into(), left: limit.into(), filled: now }
    }

    /// How long to wait before taking more; `None` when there is some left.
    pub fn wait(&mut self, now: Instant) -> Option<Duration> {
        let micros = i64::try_from(now.duration_since(self.filled).as_micros()).unwrap_or(i64::MAX);
        let came = micros.saturating_mul(self.per_second) / 1_000_000;
        if came > 0 {
            self.left = self.left.saturating_add(came).min(self.limit);
            self.filled = now;
        }
        // A tenth of a second at least: a wait for each byte would cost more than the bytes.
        (self.left <= 0).then(|| {
            let micros = self.left.saturating_neg().saturating_mul(1_000_000) / self.per_second;
            Duration::from_micros(micros.unsigned_abs()).max(Duration::from_millis(100))
        })
    }

    pub fn take(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::TokenBucket;

    #[test]
    fn much_at_once_and_then_evenly() {
        let started = Instant::now();
        let at = |millis| started + Duration::from_millis(millis);
        let mut bucket = TokenBucket::new(1000, 5000, started);
        assert_eq!(bucket.wait(at(0)), None);
        bucket.take(7000);
        assert_eq!(bucket.wait(at(0)), Some(Duration::from_secs(2)));
        assert_eq!(bucket.wait(at(2500)), None);
        bucket.take(500);
        assert_eq!(bucket.wait(at(2500)), Some(Duration::from_millis(100)));
        assert_eq!(bucket.wait(at(3_600_000)), None);
        bucket.take(5000);
        assert!(bucket.wait(at(3_600_000)).is_some(), "no more is saved up than the bucket holds");
    }
}
