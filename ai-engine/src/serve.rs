//! `collabry-ai-engine serve`

use std::sync::Arc;

use anyhow::Context as _;
use collabry_ai_engine::http::Server;
use collabry_ai_engine::sources::Extractor;
use collabry_ai_engine::{Engine, EngineParts};
use collabry_shared::config::Config;
use collabry_shared::coordination::Sockets;
use collabry_shared::health;
use collabry_shared::process::{self, Process};
use collabry_shared::service::Service;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub async fn serve(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let bind = config.services.engine_bind;
    let secret = config.services.secret.clone().context("COLLABRY_SERVICE_SECRET is not set")?;
    let listener = TcpListener::bind(bind)
        .await
        .with_context(|| format!("listening on {bind}; set COLLABRY_ENGINE_BIND to another address or port"))?;
    let process = process::open(&config, Service::Engine.name(), Sockets::Elsewhere).await?;
    let engine = Engine::build(EngineParts {
        extractor: Extractor::this_program(config.engine.extraction.clone()),
        config: config.engine,
        stores: process.stores.clone(),
        fan_out: Arc::clone(&process.coordination.fan_out),
        clock: process.clock(),
    })?;
    let Process { clock, coordination: _coordination, registry, .. } = process;
    let server = Server::new(Arc::new(engine), secret, shutdown, registry);
    let internal = config.services.internal_bind.unwrap_or(Service::Engine.internal_bind());
    let health = health::Listener::start(internal, server.health())
        .with_context(|| format!("listening on {internal}; set COLLABRY_INTERNAL_BIND to another address or port"))?;
    tracing::info!(address = %listener.local_addr()?, health = %health.address(), "the ai-engine is ready");
    tokio::select! {
        ended = server.run(listener) => ended,
        never = clock.run() => match never {},
    }
}
