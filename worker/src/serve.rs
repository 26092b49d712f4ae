//! `collabry-worker serve`

use std::sync::Arc;

use anyhow::Context as _;
use collabry_shared::clock::{AgreedClock, Clock, SystemClock};
use collabry_shared::config::Config;
use collabry_shared::coordination::LogLevel;
use collabry_shared::coordination::{self, Sockets};
use collabry_shared::health;
use collabry_shared::health::metrics;
use collabry_shared::service::Service;
use collabry_shared::stores;
use collabry_worker::{Worker, WorkerParts};
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

pub async fn serve(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let internal = config.services.internal_bind.unwrap_or(Service::Worker.internal_bind());
    let mut registry = metrics::registry(Service::Worker.name());
    let agreed = Arc::new(AgreedClock::new(Arc::new(SystemClock)));
    let (parts, _log_level) = parts(config, Arc::clone(&agreed), &mut registry).await?;
    let worker = Worker::build(parts);
    let health = health::Listener::start(internal, worker.vitals(shutdown.clone(), registry))
        .with_context(|| format!("listening on {internal}; set COLLABRY_INTERNAL_BIND to another address or port"))?;
    tracing::info!(health = %health.address(), "the worker is ready");
    tokio::select! {
        ended = worker.run(shutdown) => ended,
        never = agreed.keep() => match never {},
    }
}

/// What a worker among others is made of.
async fn parts(
    config: Config,
    agreed: Arc<AgreedClock>,
    registry: &mut Registry,
) -> anyhow::Result<(WorkerParts, Arc<LogLevel>)> {
    let clock: Arc<dyn Clock> = Arc::clone(&agreed) as _;
    let coordination =
        coordination::open(&config, Arc::clone(&clock), Sockets::Elsewhere).await.context("REDIS_URL")?;
    let stores = stores::open(&config, Arc::clone(&coordination.generation_log), clock.now())
        .await
        .context("opening the storage")?;
    coordination
        .agree_on(&agreed, &stores)
        .await
        .map_err(anyhow::Error::from_boxed)
        .context("asking what time it is")?;
    agreed.register(metrics::ours(registry));
    coordination.register(registry);
    stores.register(registry);
    let parts = WorkerParts {
        config: config.worker,
        settings: Config::settings(),
        drain: config.api.drain,
        stores,
        fan_out: coordination.fan_out,
        clock,
        ends_generations: true,
    };
    Ok((parts, coordination.log_level))
}
