//! What is logged of a Redis that is away: that it is, with the reason; once a minute that it still is; and that it is back.
//! Whoever else fails for it logs nothing.

use std::time::Duration;

use tokio::time::Instant;

const REMIND_EVERY: Duration = Duration::from_mins(1);

/// What Redis cannot do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    Away,
    RefusesWrites,
}

#[derive(Debug)]
struct Outage {
    trouble: Trouble,
    since: Instant,
    told: Instant,
}

/// The outage of now, if there is one.
#[derive(Debug, Default)]
pub struct Outages(Option<Outage>);

impl Outages {
    pub fn note(&mut self, trouble: Trouble, reason: &str) {
        let now = Instant::now();
        match &mut self.0 {
            Some(outage) if outage.trouble == trouble => {
                if now.duration_since(outage.told) >= REMIND_EVERY {
                    outage.told = now;
                    let seconds = now.duration_since(outage.since).as_secs();
                    match trouble {
                        Trouble::Away => tracing::warn!(reason, seconds, "Redis is still away"),
                        Trouble::RefusesWrites => tracing::warn!(reason, seconds, "Redis still refuses writes"),
                    }
                }
            }
            other => {
                match trouble {
                    Trouble::Away => tracing::warn!(reason, "Redis is away"),
                    Trouble::RefusesWrites => tracing::warn!(reason, "Redis refuses writes"),
                }
                let since = other.as_ref().map_or(now, |outage| outage.since);
                *other = Some(Outage { trouble, since, told: now });
            }
        }
    }

    /// The connection ended, and was made again before anyone found Redis away.
    pub fn reconnected(&self) {
        if self.0.is_none() {
            tracing::warn!("the connection to Redis ended and was made again");
        }
    }

    pub fn over(&mut self) {
        if let Some(outage) = self.0.take() {
            tracing::warn!(seconds = outage.since.elapsed().as_secs(), "Redis is back");
        }
    }
}
