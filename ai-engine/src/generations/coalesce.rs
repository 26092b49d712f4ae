//! Merges many small pieces of text into few log entries.

use std::time::Duration;

use tokio::time::Instant;

/// Faster than anyone reads, and at most forty entries a second.
const INTERVAL: Duration = Duration::from_millis(25);

/// Lets the first text through at once, and collects what follows.
#[derive(Debug, Default)]
pub(super) struct Coalescer {
    pending: String,
    /// The earliest time of the next entry; `None` before the first.
    next: Option<Instant>,
}

impl Coalescer {
    pub fn push(&mut self, text: &str) {
        self.pending.push_str(text);
    }

    /// Drops the pending text.
    pub fn clear(&mut self) {
        self.pending.clear();
    }

    /// When the pending text is due; `None`: nothing is pending.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        (!self.pending.is_empty()).then(|| self.next.unwrap_or(now))
    }

    /// Takes the pending text, whether it is due or not.
    pub fn take(&mut self, now: Instant) -> String {
        self.next = Some(now + INTERVAL);
        std::mem::take(&mut self.pending)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Coalescer, INTERVAL};

    #[test]
    fn the_first_text_goes_at_once_and_the_rest_in_intervals() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut coalescer = Coalescer::default();
        assert_eq!(coalescer.due(start), None);
        coalescer.push("a");
        assert_eq!(coalescer.due(start), Some(start));
        assert_eq!(coalescer.take(start), "a");
        coalescer.push("b");
        coalescer.push("c");
        assert_eq!(coalescer.due(at(3)), Some(start + INTERVAL));
        assert_eq!(coalescer.take(at(30)), "bc");
        assert_eq!(coalescer.due(at(31)), None);
        coalescer.push("d");
        assert_eq!(coalescer.due(at(90)), Some(at(30) + INTERVAL), "text after a pause is overdue");
    }
}
