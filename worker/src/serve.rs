//! `collabry-worker serve`

use std::sync::Arc;

use anyhow::Context as _;
use collabry_shared::config::Config;
use collabry_shared::coordination::Sockets;
use collabry_shared::health;
use collabry_shared::process::{self, Process};
use collabry_shared::service::Service;
use collabry_worker::{Worker, WorkerParts};
use tokio_util::sync::CancellationToken;

pub async fn serve(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let internal = config.services.internal_bind.unwrap_or(Service::Worker.internal_bind());
    let process = process::open(&config, Service::Worker.name(), Sockets::Elsewhere).await?;
    let worker = Worker::build(WorkerParts {
        config: config.worker,
        settings: Config::settings(),
        drain: config.api.drain,
        stores: process.stores.clone(),
        fan_out: Arc::clone(&process.coordination.fan_out),
        clock: process.clock(),
        ends_generations: true,
    });
    let Process { clock, coordination: _coordination, registry, .. } = process;
    let health = health::Listener::start(internal, worker.health(shutdown.clone(), registry))
        .with_context(|| format!("listening on {internal}; set COLLABRY_INTERNAL_BIND to another address or port"))?;
    tracing::info!(health = %health.address(), "the worker is ready");
    tokio::select! {
        ended = worker.run(shutdown) => ended,
        never = clock.run() => match never {},
    }
}
