//! Notices that Redis is away, and that it is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::ConnectionManager;
use tokio::sync::{Notify, watch};

use super::channels::Subscribers;
use super::ping;

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// While it is away.
const TRY_EVERY: Duration = Duration::from_millis(250);

/// What a process knows of its Redis.
#[derive(Debug)]
pub(super) struct Health {
    up: AtomicBool,
    /// Connections lost so far; with each go its subscriptions.
    pub losses: AtomicU64,
    suspected: Notify,
    /// How often Redis came back.
    returns: watch::Sender<u64>,
}

impl Default for Health {
    fn default() -> Self {
        let up = AtomicBool::new(true);
        Self { up, losses: AtomicU64::new(0), suspected: Notify::new(), returns: watch::Sender::default() }
    }
}

impl Health {
    pub fn is_up(&self) -> bool {
        self.up.load(Ordering::Acquire)
    }

    pub fn returns(&self) -> watch::Receiver<u64> {
        self.returns.subscribe()
    }

    /// A command failed: look now.
    pub fn suspect(&self) {
        self.suspected.notify_one();
    }

    pub fn lost(&self) {
        self.losses.fetch_add(1, Ordering::AcqRel);
        self.up.store(false, Ordering::Release);
        self.suspect();
    }
}

/// Asks for a sign of life again and again, which is also what makes the connection come back. What was subscribed is
/// subscribed again before anyone is told.
pub(super) async fn keep(connection: ConnectionManager, subscribers: Arc<Subscribers>, health: Arc<Health>) {
    let mut settled = 0;
    loop {
        if health.is_up() {
            // A pause passes without news, or a failed command cuts it short.
            let _ = tokio::time::timeout(LOOK_EVERY, health.suspected.notified()).await;
        } else {
            tokio::time::sleep(TRY_EVERY).await;
        }
        let losses = health.losses.load(Ordering::Acquire);
        if let Err(error) = ping(&connection).await {
            if health.up.swap(false, Ordering::AcqRel) {
                tracing::warn!(%error, "Redis is away");
            }
            continue;
        }
        if health.is_up() && losses == settled {
            continue;
        }
        if let Err(error) = subscribers.resubscribe(&connection).await {
            tracing::debug!(%error, "not subscribed again yet");
            continue;
        }
        if health.losses.load(Ordering::Acquire) == losses {
            settled = losses;
            health.up.store(true, Ordering::Release);
            subscribers.miss_all();
            health.returns.send_modify(|times| *times += 1);
            tracing::info!("Redis is back");
        }
    }
}
