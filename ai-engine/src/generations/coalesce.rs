//! Many small pieces of text to few log entries.

use std::time::Duration;

use tokio::time::Instant;

/// Faster than anyone reads, and forty entries a second at most.
const INTERVAL: Duration = Duration::from_millis(25);

/// Lets the first text through at once, and gathers what follows.
#[derive(Debug, Default)]
pub(super) struct Coalescer {
    pending: String,
    /// When the next entry may be made; `None` before the first.
    next: Option<Instant>,
}

impl Coalescer {
    pub fn push(&mut self, text: &str) {
        self.pending.push_str(text);
    }

    /// Drops what is pending.
    pub fn clear(&mut self) {
        self.pending.clear();
    }

    /// When there is something to take; `None`: nothing is pending.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        (!self.pending.is_empty()).then(|| self.next.unwrap_or(now))
    }

    /// What is pending, due or not.
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
