//! What is logged of a Redis that is away: that it is, with the reason; once a minute that it still is; and that it is back.
//! Whoever else fails for it logs nothing.

use std::time::Duration;

use tokio::time::Instant;

const REMINDER_INTERVAL: Duration = Duration::from_mins(1);

/// What Redis cannot do.
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

/// The outage of now, if there is one.
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

    /// The connection ended, and was made again before anyone found Redis away.
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
