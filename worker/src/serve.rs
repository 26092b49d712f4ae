//! `collabry-worker serve`

use std::sync::Arc;

use anyhow::Context as _;
use collabry_shared::clock::{Clock, SystemClock};
use collabry_shared::config::{Config, Role};
use collabry_shared::health;
use collabry_shared::realtime::LocalFanOut;
use collabry_shared::storage::sqlite;
use collabry_worker::{Worker, WorkerParts};
use tokio_util::sync::CancellationToken;

pub async fn serve(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let internal = config.services.internal_bind.unwrap_or(Role::Worker.internal_bind());
    let worker = Worker::build(parts(config).await?);
    let health = health::Listener::start(internal, worker.vitals(shutdown.clone()))
        .with_context(|| format!("listening on {internal}; set COLLABRY_INTERNAL_BIND to another address or port"))?;
    tracing::info!(health = %health.address(), "the worker is ready");
    worker.run(shutdown).await
}

/// What a worker among others is made of.
async fn parts(config: Config) -> anyhow::Result<WorkerParts> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let data_dir = &config.storage.data_dir;
    let stores = sqlite::open(data_dir, Arc::clone(&clock))
        .await
        .with_context(|| format!("opening the database in {}", data_dir.display()))?;
    let (fan_out, _) = LocalFanOut::new();
    Ok(WorkerParts {
        config: config.worker,
        drain: config.api.drain,
        stores,
        fan_out: Arc::new(fan_out),
        clock,
        ends_generations: true,
    })
}
