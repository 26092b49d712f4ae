//! `collabry serve`

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use collabry_api::{App, AppParts};
use collabry_shared::config::Config;
use collabry_shared::{health, lifecycle, telemetry};
use collabry_worker::{Worker, WorkerParts};
use tokio::net::TcpListener;

use crate::embedded::{self, Embedded};
use crate::{data_dir, secret};

#[tokio::main]
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    lifecycle::disable_inspection()?;
    let _exporter = telemetry::init(&config.telemetry, None)?;
    lifecycle::log_warnings(&config);
    let shutdown = lifecycle::shutdown_on_signal()?;
    let bind = config.api.bind;
    let listener = TcpListener::bind(bind)
        .await
        .with_context(|| format!("listening on {bind}; set COLLABRY_BIND to another address or port"))?;
    let _lock = data_dir::lock(&config.storage.data_dir)?;
    let exclusive = config.storage.mongodb.is_none();
    let Embedded { mut process, engine } = embedded::build(&config).await?;
    let jwt_secret = match config.api.jwt_secret.clone() {
        Some(secret) => secret,
        None => secret::load_or_create(&config.storage.data_dir)?,
    };
    let worker = Worker::build(WorkerParts {
        config: config.worker,
        settings: Config::settings(),
        drain: config.api.drain,
        stores: process.stores.clone(),
        fan_out: Arc::clone(&process.coordination.fan_out),
        clock: process.clock(),
        ends_generations: false,
    });
    engine.register(&mut process.registry);
    worker.register(&mut process.registry);
    let clock = Arc::clone(&process.clock);
    let app = App::build(AppParts {
        config: config.api,
        jwt_secret,
        default_model: config.engine.default_model,
        engine: Arc::clone(&engine) as _,
        clock: process.clock(),
        coordination: process.coordination,
        stores: process.stores,
        registry: process.registry,
    });
    let health = config.services.internal_bind.map(|bind| {
        let listening = health::Listener::start(bind, app.health());
        listening.with_context(|| format!("listening on {bind}; set COLLABRY_INTERNAL_BIND to another address or port"))
    });
    let _health = health.transpose()?;
    // With a shared database other processes may hold the leases, which expire by themselves.
    if exclusive {
        engine.take_over().await.context("taking over what the last run left")?;
    }
    eprintln!("Collabry is ready: http://{}", listener.local_addr()?);
    let roles =
        async { tokio::join!(app.run(listener, shutdown.clone()), engine.run(shutdown.clone()), worker.run(shutdown)) };
    let (served, engine, worker) = tokio::select! {
        ended = roles => ended,
        never = clock.run() => match never {},
    };
    served.context("serving")?;
    engine.context("engine")?;
    worker.context("worker")?;
    Ok(ExitCode::SUCCESS)
}
