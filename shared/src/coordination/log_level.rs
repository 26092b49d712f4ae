//! A temporary log level for all processes at once.
//!
//! With Redis the level is a key that expires. Every process polls it, so that processes that start later apply it too, none
//! can miss it, and all return to the configured level by themselves.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use redis::{AsyncCommands as _, SetExpiry, SetOptions};
use serde::{Deserialize, Serialize};
use tokio_util::task::AbortOnDropHandle;

use crate::clock::Clock;
use crate::redis::{Redis, keys};
use crate::storage::{StoreError, StoreResult};
use crate::telemetry::{self, Filter, InvalidFilter};

const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The filter that replaces the configured one, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    pub filter: String,
    #[serde(serialize_with = "crate::clock::wire::time")]
    pub until: Timestamp,
}

impl Change {
    /// `filter` as in `COLLABRY_LOG`.
    pub fn parse(filter: &str, until: Timestamp) -> Result<Self, InvalidFilter> {
        telemetry::check_filter(filter)?;
        Ok(Self { filter: filter.to_owned(), until })
    }
}

/// The log level of this process, which follows the installation's.
#[derive(Debug)]
pub struct LogLevel {
    state: Arc<State>,
    _following: AbortOnDropHandle<()>,
}

struct State {
    redis: Option<Redis>,
    clock: Arc<dyn Clock>,
    /// `None`: no subscriber is installed.
    filter: Option<Filter>,
    change: Mutex<Option<Change>>,
}

impl LogLevel {
    pub fn new(redis: Option<Redis>, clock: Arc<dyn Clock>, filter: Option<Filter>) -> Self {
        let state = Arc::new(State { redis, clock, filter, change: Mutex::default() });
        let following = follow(Arc::clone(&state));
        Self { state, _following: AbortOnDropHandle::new(tokio::spawn(following)) }
    }

    /// The configured filter.
    pub fn configured(&self) -> Option<&str> {
        self.state.filter.as_ref().map(Filter::configured)
    }

    pub fn change(&self) -> Option<Change> {
        self.state.change()
    }

    /// Changes the level of every process, here at once and elsewhere within seconds; `None` restores the configured level.
    pub async fn set(&self, change: Option<Change>) -> StoreResult<()> {
        if let Some(redis) = &self.state.redis {
            let (key, mut connection) = (keys::log_level(), redis.connection());
            let told = match &change {
                Some(change) => {
                    let left = change.until.duration_since(self.state.clock.now()).as_millis().max(1);
                    let expiry = SetExpiry::PX(u64::try_from(left).unwrap_or(u64::MAX));
                    let text = serde_json::to_string(change).map_err(|error| StoreError::Damaged(error.to_string()))?;
                    connection.set_options(key, text, SetOptions::default().with_expiration(expiry)).await
                }
                None => connection.del(key).await,
            };
            redis.track_errors::<()>(told)?;
        }
        self.state.apply(change);
        Ok(())
    }
}

/// Runs until it is dropped.
async fn follow(state: Arc<State>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        match state.look().await {
            Ok(change) => state.apply(change),
            Err(error) => tracing::debug!(%error, "cannot read the log level from Redis"),
        }
    }
}

impl State {
    fn change(&self) -> Option<Change> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the change that applies now.
    async fn look(&self) -> StoreResult<Option<Change>> {
        let change = match &self.redis {
            Some(redis) if redis.is_up() => {
                let text: Option<String> = redis.track_errors(redis.connection().get(keys::log_level()).await)?;
                let read = text.map(|text| serde_json::from_str(&text)).transpose();
                read.map_err(|error| StoreError::Damaged(error.to_string()))?
            }
            _ => self.change(),
        };
        let now = self.clock.now();
        Ok(change.filter(|change: &Change| change.until > now))
    }

    fn apply(&self, change: Option<Change>) {
        let mut current = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        if *current == change {
            return;
        }
        let wanted = change.as_ref().map(|change| change.filter.as_str());
        match self.filter.as_ref().map(|filter| filter.set(wanted)) {
            Some(Ok(())) => tracing::info!(filter = wanted.unwrap_or("as configured"), "log level changed"),
            Some(Err(error)) => tracing::error!(%error, "cannot change the log level"),
            None => {}
        }
        *current = change;
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("filter", &self.filter).finish_non_exhaustive()
    }
}
