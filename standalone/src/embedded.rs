//! The parts that the one-process commands share: the configured stores, embedded by default, and an in-process engine.

use std::sync::Arc;

use collabry_ai_engine::sources::Extractor;
use collabry_ai_engine::{Engine, EngineParts};
use collabry_shared::config::Config;
use collabry_shared::coordination::Sockets;
use collabry_shared::process::{self, Process};

pub struct Embedded {
    pub process: Process,
    pub engine: Arc<Engine>,
}

pub async fn build(config: &Config) -> anyhow::Result<Embedded> {
    let process = process::open(config, "standalone", Sockets::Here).await?;
    let engine = Engine::build(EngineParts {
        config: config.engine.clone(),
        stores: process.stores.clone(),
        fan_out: Arc::clone(&process.coordination.fan_out),
        clock: process.clock(),
        extractor: Extractor::this_program(config.engine.extraction.clone()),
    })?;
    Ok(Embedded { process, engine: Arc::new(engine) })
}
