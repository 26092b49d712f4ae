//! The parts of the one-process form: the configured stores, embedded ones by default, and an engine in this process.

use std::sync::Arc;

use anyhow::Context as _;
use collabry_ai_engine::sources::Extractor;
use collabry_ai_engine::{Engine, EngineParts};
use collabry_shared::clock::{AgreedClock, Clock, SystemClock};
use collabry_shared::config::Config;
use collabry_shared::coordination::{self, Coordination, Sockets};
use collabry_shared::stores::{self, Stores};

pub struct Embedded {
    pub stores: Stores,
    pub engine: Arc<Engine>,
    pub coordination: Coordination,
    pub clock: Arc<AgreedClock>,
}

pub async fn build(config: &Config) -> anyhow::Result<Embedded> {
    let agreed = Arc::new(AgreedClock::new(Arc::new(SystemClock)));
    let clock: Arc<dyn Clock> = Arc::clone(&agreed) as _;
    let coordination = coordination::open(config, Arc::clone(&clock), Sockets::Here).await?;
    let log = Arc::clone(&coordination.generation_log);
    let stores = stores::open(config, log, clock.now()).await.context("opening the storage")?;
    coordination
        .agree_on(&agreed, &stores)
        .await
        .map_err(anyhow::Error::from_boxed)
        .context("asking what time it is")?;
    let engine = Engine::build(EngineParts {
        config: config.engine.clone(),
        stores: stores.clone(),
        fan_out: Arc::clone(&coordination.fan_out),
        clock: Arc::clone(&clock),
        extractor: Extractor::this_program(config.engine.extraction.clone()),
    })?;
    Ok(Embedded { stores, engine: Arc::new(engine), coordination, clock: agreed })
}
