//! The connection of this process, which is replaced whenever Redis did not do what it should.
//!
//! The library's manager connects again after errors of the network only: a sign-in that was refused once, or a server that
//! speaks something else, would stay its answer for ever.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, PushInfo, PushKind, RedisResult};

use super::channels::Subscribers;
use super::monitor::Health;

/// Commands that may be on their way at once; more wait.
const PIPELINE: usize = 512;

pub(super) struct Link {
    client: Client,
    timeout: Duration,
    subscribers: Arc<Subscribers>,
    health: Arc<Health>,
    current: RwLock<ConnectionManager>,
    /// Counts the connections made: what an older one still has to say is not heard.
    number: Arc<AtomicU64>,
}

impl Link {
    /// Fails when Redis is not there.
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

    /// Makes the next command open a new connection.
    pub fn renew(&self) -> RedisResult<()> {
        self.number.fetch_add(1, Ordering::AcqRel);
        let sender = push_handler(&self.subscribers, &self.health, &self.number);
        let settings = settings(self.timeout, self.timeout).set_push_sender(sender);
        let next = ConnectionManager::new_lazy_with_config(self.client.clone(), settings)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    /// A connection of its own, for commands that block for up to `longest`. It connects when it is first used.
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

/// Commands fail while a lost connection is replaced instead of waiting for it: each attempt is a single one, and the
/// next command makes the next.
fn settings(connecting: Duration, answer: Duration) -> ConnectionManagerConfig {
    ConnectionManagerConfig::new()
        .set_number_of_retries(0)
        .set_connection_timeout(Some(connecting))
        .set_response_timeout(Some(answer))
        .set_pipeline_buffer_size(PIPELINE)
}
