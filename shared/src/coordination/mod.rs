//! Coordination of an installation's processes: through Redis when it is configured, otherwise within the only process.

mod log_level;

use std::sync::Arc;

use prometheus_client::registry::Registry;
use tokio::sync::mpsc;

pub use self::log_level::{Change, LogLevel};
use crate::clock::{AgreedClock, Clock, TimeError};
use crate::config::Config;
use crate::generations::{GenerationLog, RedisLog};
use crate::health::metrics;
use crate::ids::OwnerId;
use crate::limits::{FallbackLimiter, Limiter, LocalLimiter};
use crate::presence::{LocalPresence, Presence, RedisPresence};
use crate::realtime::{FanOut, LocalFanOut, Published, RedisEmitter, RedisFanOut};
use crate::redis::Redis;
use crate::storage::{StoreError, StoreResult};
use crate::stores::{self, DatabaseTime, Stores};
use crate::telemetry;

/// Where clients connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sockets {
    Here,
    /// Clients connect to the api replicas, and events reach them through Redis.
    Elsewhere,
}

/// Everything that processes coordinate through.
pub struct Coordination {
    pub generation_log: Arc<dyn GenerationLog>,
    pub presence: Arc<dyn Presence>,
    pub fan_out: Arc<dyn FanOut>,
    /// See [`take_published`](Self::take_published).
    published: mpsc::Receiver<Published>,
    pub limiter: Arc<dyn Limiter>,
    /// The process follows the level that admins set for as long as this lives.
    pub log_level: Arc<LogLevel>,
    /// The connection, for the Socket.IO adapter.
    pub redis: Option<Redis>,
}

/// Composes what the configuration names. It is an error when the configured Redis is unavailable: nothing falls back to
/// coordination within this process. Without Redis the generation log is in the data folder.
pub async fn open(config: &Config, clock: Arc<dyn Clock>, sockets: Sockets) -> StoreResult<Coordination> {
    match &config.redis {
        Some(config) => over(Redis::open(config).await?, clock, sockets).await,
        None if sockets == Sockets::Here => {
            let storage = &config.storage;
            let log = stores::journal(&storage.data_dir, storage.slow_query, Arc::clone(&clock)).await?;
            Ok(within(log, clock))
        }
        None => Err(StoreError::Unavailable("events cannot reach the api without REDIS_URL".to_owned())),
    }
}

fn within(generation_log: Arc<dyn GenerationLog>, clock: Arc<dyn Clock>) -> Coordination {
    let (fan_out, published) = LocalFanOut::new();
    Coordination {
        generation_log,
        presence: Arc::new(LocalPresence::default()),
        fan_out: Arc::new(fan_out),
        published,
        log_level: log_level(None, &clock),
        limiter: Arc::new(LocalLimiter::new(clock)),
        redis: None,
    }
}

async fn over(redis: Redis, clock: Arc<dyn Clock>, sockets: Sockets) -> StoreResult<Coordination> {
    let process = OwnerId::new();
    let (fan_out, published): (Arc<dyn FanOut>, _) = match sockets {
        Sockets::Here => {
            let (fan_out, published) = RedisFanOut::new(redis.clone(), process).await;
            (Arc::new(fan_out), published)
        }
        Sockets::Elsewhere => (RedisEmitter::new(redis.clone(), process), silent()),
    };
    Ok(Coordination {
        generation_log: Arc::new(RedisLog::new(redis.clone(), process)),
        presence: Arc::new(RedisPresence::new(redis.clone(), process)),
        fan_out,
        published,
        log_level: log_level(Some(redis.clone()), &clock),
        limiter: Arc::new(FallbackLimiter::new(redis.connection(), clock)),
        redis: Some(redis),
    })
}

fn log_level(redis: Option<Redis>, clock: &Arc<dyn Clock>) -> Arc<LogLevel> {
    Arc::new(LogLevel::new(redis, Arc::clone(clock), telemetry::installed_filter()))
}

fn silent() -> mpsc::Receiver<Published> {
    mpsc::channel(1).1
}

impl Coordination {
    /// What `fan_out` delivers to the sockets of this process, for the first caller; silent where there are no sockets.
    pub fn take_published(&mut self) -> mpsc::Receiver<Published> {
        std::mem::replace(&mut self.published, silent())
    }

    /// Makes `clock` follow the server that all processes share: Redis, or else a shared database. Without either the machine's
    /// clock counts.
    pub async fn agree_on(&self, clock: &AgreedClock, stores: &Stores) -> Result<(), TimeError> {
        if let Some(redis) = &self.redis {
            return clock.follow(Arc::new(redis.clone())).await;
        }
        let probe = Arc::clone(&stores.probe);
        if probe.time().await?.is_some() {
            clock.follow(Arc::new(DatabaseTime(probe))).await?;
        }
        Ok(())
    }

    /// Registers the metrics of the Redis connection, when there is one.
    pub fn register(&self, registry: &mut Registry) {
        if let Some(redis) = &self.redis {
            redis.register(metrics::ours(registry));
        }
    }
}

impl std::fmt::Debug for Coordination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Coordination").field("redis", &self.redis).finish_non_exhaustive()
    }
}
