//! The parts of the one-process form: the configured stores, embedded ones by default, and an engine in this process.

use std::sync::Arc;

use anyhow::Context as _;
use collabry_ai_engine::sources::Extractor;
use collabry_ai_engine::{Engine, EngineParts};
use collabry_shared::clock::{Clock, SystemClock};
use collabry_shared::config::Config;
use collabry_shared::realtime::{LocalFanOut, Published};
use collabry_shared::storage::{self, Stores};
use tokio::sync::mpsc;

pub struct Embedded {
    pub stores: Stores,
    pub engine: Arc<Engine>,
    pub fan_out: LocalFanOut,
    pub published: mpsc::Receiver<Published>,
    pub clock: Arc<dyn Clock>,
}

pub async fn build(config: &Config) -> anyhow::Result<Embedded> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let stores = storage::open(config, Arc::clone(&clock)).await.context("opening the storage")?;
    let (fan_out, published) = LocalFanOut::new();
    let engine = Engine::build(EngineParts {
        config: config.engine.clone(),
        stores: stores.clone(),
        fan_out: Arc::new(fan_out.clone()),
        clock: Arc::clone(&clock),
        extractor: Extractor::this_program(config.engine.extraction.clone()),
    })?;
    Ok(Embedded { stores, engine: Arc::new(engine), fan_out, published, clock })
}
