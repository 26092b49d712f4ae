//! What every process opens before its role starts: the agreed clock, coordination, stores and metrics.

use std::sync::Arc;

use anyhow::Context as _;
use prometheus_client::registry::Registry;

use crate::clock::{AgreedClock, Clock, SystemClock};
use crate::config::Config;
use crate::coordination::{self, Coordination, Sockets};
use crate::health::metrics;
use crate::stores::{self, Stores};

/// An open process. Its log level follows the level that admins set for as long as `coordination` lives.
#[derive(Debug)]
pub struct Process {
    pub clock: Arc<AgreedClock>,
    pub coordination: Coordination,
    pub stores: Stores,
    /// Already holds the metrics of the clock, the stores and coordination.
    pub registry: Registry,
}

/// Opens what the configuration names; it is an error when any of it is unavailable.
/// `role`: the value of the label `role` of all its metrics.
pub async fn open(config: &Config, role: &'static str, sockets: Sockets) -> anyhow::Result<Process> {
    let agreed = Arc::new(AgreedClock::new(Arc::new(SystemClock)));
    let clock: Arc<dyn Clock> = Arc::clone(&agreed) as _;
    let context = if config.redis.is_some() { "REDIS_URL" } else { "opening the generation log" };
    let coordination = coordination::open(config, Arc::clone(&clock), sockets).await.context(context)?;
    let log = Arc::clone(&coordination.generation_log);
    let stores = stores::open(config, log, clock.now()).await.context("opening the storage")?;
    let agreement = coordination.agree_on(&agreed, &stores).await;
    agreement.map_err(anyhow::Error::from_boxed).context("reading the shared clock")?;
    let mut registry = metrics::registry(role);
    agreed.register(metrics::ours(&mut registry));
    coordination.register(&mut registry);
    stores.register(&mut registry);
    Ok(Process { clock: agreed, coordination, stores, registry })
}

impl Process {
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as _
    }
}
