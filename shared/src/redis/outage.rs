//! Logs an outage of Redis: its start with the reason, a reminder once a minute, and its end. Other code that fails because
//! of the outage logs nothing.

use std::time::Duration;

use tokio::time::Instant;

const REMINDER_INTERVAL: Duration = Duration::from_mins(1);

/// What is wrong with Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutageKind {
    Away,
    RefusesWrites,
}

#[derive(Debug)]
struct Outage {
    trouble: OutageKind,
    since: Instant,
    logged_at: Instant,
}

/// The current outage, if there is one.
#[derive(Debug, Default)]
pub struct Outages(Option<Outage>);

impl Outages {
    pub fn report(&mut self, trouble: OutageKind, reason: &str) {
        let now = Instant::now();
        match &mut self.0 {
            Some(outage) if outage.trouble == trouble => {
                if now.duration_since(outage.logged_at) >= REMINDER_INTERVAL {
                    outage.logged_at = now;
                    let seconds = now.duration_since(outage.since).as_secs();
                    match trouble {
                        OutageKind::Away => tracing::warn!(reason, seconds, "Redis is still away"),
                        OutageKind::RefusesWrites => tracing::warn!(reason, seconds, "Redis still refuses writes"),
                    }
                }
            }
            other => {
                match trouble {
                    OutageKind::Away => tracing::warn!(reason, "Redis is away"),
                    OutageKind::RefusesWrites => tracing::warn!(reason, "Redis refuses writes"),
                }
                let since = other.as_ref().map_or(now, |outage| outage.since);
                *other = Some(Outage { trouble, since, logged_at: now });
            }
        }
    }

    /// Logs that the connection ended and was restored before a probe found Redis down.
    pub fn reconnected(&self) {
        if self.0.is_none() {
            tracing::warn!("the connection to Redis ended and was made again");
        }
    }

    pub fn end(&mut self) {
        if let Some(outage) = self.0.take() {
            tracing::warn!(seconds = outage.since.elapsed().as_secs(), "Redis is back");
        }
    }
}
