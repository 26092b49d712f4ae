//! The connection of this process, which is replaced whenever Redis fails.
//!
//! The library's manager reconnects only after network errors: after a refused sign-in, or when another server answers, it
//! would repeat the same error for ever.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, PushInfo, PushKind, RedisResult};

use super::channels::Subscribers;
use super::monitor::Health;

/// How many commands may be in flight at once; further ones wait.
const PIPELINE: usize = 512;

pub(super) struct Link {
    client: Client,
    timeout: Duration,
    subscribers: Arc<Subscribers>,
    health: Arc<Health>,
    current: RwLock<ConnectionManager>,
    /// Counts the connections made, so that messages of older ones are ignored.
    number: Arc<AtomicU64>,
}

impl Link {
    /// Connects; fails when Redis is unavailable.
    pub async fn open(
        client: Client,
        timeout: Duration,
        subscribers: Arc<Subscribers>,
        health: Arc<Health>,
    ) -> RedisResult<Self> {
        let number = Arc::<AtomicU64>::default();
        let settings = settings(timeout, timeout).set_push_sender(push_handler(&subscribers, &health, &number));
        let current = RwLock::new(ConnectionManager::new_with_config(client.clone(), settings).await?);
        Ok(Self { client, timeout, subscribers, health, current, number })
    }

    pub fn manager(&self) -> ConnectionManager {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the connection; the next command connects.
    pub fn renew(&self) -> RedisResult<()> {
        self.number.fetch_add(1, Ordering::AcqRel);
        let sender = push_handler(&self.subscribers, &self.health, &self.number);
        let settings = settings(self.timeout, self.timeout).set_push_sender(sender);
        let next = ConnectionManager::new_lazy_with_config(self.client.clone(), settings)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    /// Creates a separate connection for commands that block for up to `longest`. It connects on first use.
    pub fn blocking(&self, longest: Duration) -> RedisResult<ConnectionManager> {
        let settings = settings(self.timeout, longest + self.timeout);
        ConnectionManager::new_lazy_with_config(self.client.clone(), settings)
    }

    pub fn database(&self) -> i64 {
        self.client.get_connection_info().redis_settings().db()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("number", &self.number).finish_non_exhaustive()
    }
}

fn push_handler(
    subscribers: &Arc<Subscribers>,
    health: &Arc<Health>,
    number: &Arc<AtomicU64>,
) -> impl Fn(PushInfo) -> Result<(), std::convert::Infallible> + Send + Sync + 'static {
    let (subscribers, health, number) = (Arc::clone(subscribers), Arc::clone(health), Arc::clone(number));
    let ours = number.load(Ordering::Acquire);
    move |push: PushInfo| {
        if number.load(Ordering::Acquire) == ours {
            match push.kind {
                PushKind::Disconnection => health.connection_lost(),
                _ => subscribers.dispatch(push),
            }
        }
        Ok(())
    }
}

/// Commands fail instead of waiting while a lost connection is replaced: each command makes a single attempt.
fn settings(connecting: Duration, answer: Duration) -> ConnectionManagerConfig {
    ConnectionManagerConfig::new()
        .set_number_of_retries(0)
        .set_connection_timeout(Some(connecting))
        .set_response_timeout(Some(answer))
        .set_pipeline_buffer_size(PIPELINE)
}
