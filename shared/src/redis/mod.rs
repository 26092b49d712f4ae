//! Redis: one multiplexed connection per process, which reconnects by itself, and one for blocking reads.

mod channels;
pub mod check;
mod config;
mod connection;
pub mod keys;
mod link;
mod metrics;
mod monitor;
mod outage;
mod time;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use redis::aio::ConnectionManager;
use redis::{Client, ErrorKind, IntoConnectionInfo as _, ProtocolVersion, RedisError, RedisResult, TlsCertificates};
use secrecy::ExposeSecret as _;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use self::channels::Subscribers;
pub use self::channels::{ChannelEvent, Subscription};
pub use self::config::RedisConfig;
pub use self::connection::Connection;
use self::keys::Channels;
use self::link::Link;
use self::metrics::Metrics;
use self::monitor::Health;
use crate::storage::{StoreError, StoreResult};

/// The Redis connection of this process. Cheap to clone; dropping the last clone closes it.
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

struct Inner {
    link: Arc<Link>,
    metrics: Metrics,
    subscribers: Arc<Subscribers>,
    health: Arc<Health>,
    _monitor: AbortOnDropHandle<()>,
}

impl Redis {
    /// Connects. Fails when Redis is unavailable at the start; later the connection recovers by itself, and commands fail
    /// meanwhile.
    pub async fn open(config: &RedisConfig) -> RedisResult<Self> {
        let client = client(config)?;
        let (subscribers, health) = (Arc::<Subscribers>::default(), Arc::<Health>::default());
        let link = Link::open(client, config.timeout, Arc::clone(&subscribers), Arc::clone(&health)).await?;
        let link = Arc::new(link);
        let monitor = monitor::run(Arc::clone(&link), Arc::clone(&subscribers), Arc::clone(&health));
        let monitor = AbortOnDropHandle::new(tokio::spawn(monitor));
        Ok(Self(Arc::new(Inner { link, metrics: Metrics::default(), subscribers, health, _monitor: monitor })))
    }

    /// The connection that all of this process shares.
    pub fn connection(&self) -> Connection {
        Connection::new(Arc::clone(&self.0.link), self.0.metrics.clone())
    }

    /// Registers metrics of its latency, availability and memory.
    pub fn register(&self, registry: &mut Registry) {
        self.0.metrics.register(&self.0.health, registry);
    }

    /// Creates a separate connection for commands that block for up to `longest`. It connects on first use; after an error
    /// the caller must create another one.
    pub(crate) fn blocking(&self, longest: Duration) -> RedisResult<ConnectionManager> {
        self.0.link.blocking(longest)
    }

    /// Whether Redis answered the last probe. Callers that can do without Redis for a while check this first instead of
    /// waiting for a command to fail.
    pub fn is_up(&self) -> bool {
        self.0.health.is_up()
    }

    /// Whether Redis is up and accepted the last write.
    pub fn accepts_writes(&self) -> bool {
        self.is_up() && !self.0.health.refuses_writes()
    }

    /// Fails at once while Redis is known to be down.
    pub fn require_up(&self) -> StoreResult<()> {
        if self.is_up() { Ok(()) } else { Err(StoreError::Redis("it is away".to_owned())) }
    }

    /// Changes each time that Redis recovers, with all its data, less or none, and when it accepts writes again.
    pub fn recoveries(&self) -> watch::Receiver<u64> {
        self.0.health.recoveries()
    }

    /// Reports that a command failed, so that an outage is noticed now and not at the next probe.
    pub fn suspect(&self) {
        self.0.health.suspect();
    }

    pub fn channels(&self) -> Channels {
        Channels { database: self.0.link.database() }
    }

    /// Subscribes to a channel, replacing this process' subscriber, if any; at most `queue` messages wait for it. While Redis
    /// is down the channel is silent; after that its first event is [`ChannelEvent::Gap`].
    pub async fn subscribe(&self, channel: String, queue: usize) -> Subscription {
        let subscription = self.0.subscribers.add(channel.clone(), queue);
        if let Err(error) = self.0.link.manager().subscribe(channel).await {
            tracing::debug!(%error, "cannot subscribe; retrying once Redis is back");
            self.0.health.connection_lost();
        }
        subscription
    }

    /// Publishes a message on a channel. Fails at once while Redis is known to be down.
    pub async fn publish(&self, channel: &str, message: &[u8]) -> StoreResult<()> {
        self.require_up()?;
        let published = redis::cmd("PUBLISH").arg(channel).arg(message).exec_async(&mut self.connection()).await;
        self.track_errors(published)
    }

    /// Converts the result of a command, and triggers a probe of Redis when it failed for whatever reason.
    pub(crate) fn track_errors<T>(&self, result: RedisResult<T>) -> StoreResult<T> {
        if result.is_err() {
            self.suspect();
        }
        result.map_err(StoreError::from)
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("up", &self.is_up()).finish_non_exhaustive()
    }
}

/// Creates a client with RESP3, which pub/sub on a shared connection needs. Does not connect.
pub fn client(config: &RedisConfig) -> RedisResult<Client> {
    let info = config.url.expose_secret().into_connection_info()?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let info = info.set_redis_settings(settings);
    match &config.ca {
        Some(ca) => {
            let root_cert = Some(std::fs::read(ca).map_err(|error| unreadable(ca, &error))?);
            Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert })
        }
        None => Client::open(info),
    }
}

fn unreadable(ca: &Path, error: &std::io::Error) -> RedisError {
    (ErrorKind::InvalidClientConfig, "COLLABRY_REDIS_CA", format!("{}: {error}", ca.display())).into()
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        match error.kind() {
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => Self::Damaged(error.to_string()),
            _ => Self::Redis(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use redis::{ErrorKind, RedisError};

    use crate::storage::StoreError;

    #[test]
    fn redis_is_never_called_the_database() {
        let away = RedisError::from(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
        let refused = RedisError::from((ErrorKind::AuthenticationFailed, "WRONGPASS"));
        for error in [away, refused] {
            let error = StoreError::from(error);
            assert!(matches!(error, StoreError::Redis(_)), "{error:?}");
            let said = error.to_string();
            assert!(said.starts_with("Redis is not available: ") && !said.contains("database"), "{said}");
        }
    }
}
