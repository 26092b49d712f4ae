//! `collabry-ai-engine serve`

use std::sync::Arc;

use anyhow::Context as _;
use collabry_ai_engine::http::Server;
use collabry_ai_engine::sources::Extractor;
use collabry_ai_engine::{Engine, EngineParts};
use collabry_shared::clock::{AgreedClock, Clock, SystemClock};
use collabry_shared::config::Config;
use collabry_shared::coordination::LogLevel;
use collabry_shared::coordination::{self, Sockets};
use collabry_shared::health;
use collabry_shared::health::metrics;
use collabry_shared::service::Service;
use collabry_shared::stores;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub async fn serve(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let bind = config.services.engine_bind;
    let secret = config.services.secret.clone().context("COLLABRY_SERVICE_SECRET is not set")?;
    let listener = TcpListener::bind(bind)
        .await
        .with_context(|| format!("listening on {bind}; set COLLABRY_ENGINE_BIND to another address or port"))?;
    let mut registry = metrics::registry(Service::Engine.name());
    let agreed = Arc::new(AgreedClock::new(Arc::new(SystemClock)));
    let (parts, _log_level) = parts(&config, Arc::clone(&agreed), &mut registry).await?;
    let engine = Arc::new(Engine::build(parts)?);
    let server = Server::new(engine, secret, shutdown, registry);
    let internal = config.services.internal_bind.unwrap_or(Service::Engine.internal_bind());
    let health = health::Listener::start(internal, server.vitals())
        .with_context(|| format!("listening on {internal}; set COLLABRY_INTERNAL_BIND to another address or port"))?;
    tracing::info!(address = %listener.local_addr()?, health = %health.address(), "the ai-engine is ready");
    tokio::select! {
        ended = server.run(listener) => ended,
        never = agreed.keep() => match never {},
    }
}

/// What an engine among others is made of.
async fn parts(
    config: &Config,
    agreed: Arc<AgreedClock>,
    registry: &mut Registry,
) -> anyhow::Result<(EngineParts, Arc<LogLevel>)> {
    let clock: Arc<dyn Clock> = Arc::clone(&agreed) as _;
    let coordination = coordination::open(config, Arc::clone(&clock), Sockets::Elsewhere).await.context("REDIS_URL")?;
    let log = Arc::clone(&coordination.generation_log);
    let stores = stores::open(config, log, clock.now()).await.context("opening the storage")?;
    coordination
        .agree_on(&agreed, &stores)
        .await
        .map_err(anyhow::Error::from_boxed)
        .context("asking what time it is")?;
    agreed.register(metrics::ours(registry));
    coordination.register(registry);
    stores.register(registry);
    let parts = EngineParts {
        config: config.engine.clone(),
        stores,
        fan_out: coordination.fan_out,
        clock,
        extractor: Extractor::this_program(config.engine.extraction.clone()),
    };
    Ok((parts, coordination.log_level))
}
