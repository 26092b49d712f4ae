//! `collabry-api serve`

use std::sync::Arc;

use anyhow::Context as _;
use collabry_api::{App, AppParts};
use collabry_shared::config::Config;
use collabry_shared::coordination::Sockets;
use collabry_shared::engine::EngineClient;
use collabry_shared::service::Service;
use collabry_shared::{health, process};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub async fn serve(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let bind = config.api.bind;
    let listener = TcpListener::bind(bind)
        .await
        .with_context(|| format!("listening on {bind}; set COLLABRY_BIND to another address or port"))?;
    let internal = config.services.internal_bind.unwrap_or(Service::Api.internal_bind());
    let jwt_secret = config.api.jwt_secret.clone().context("COLLABRY_JWT_SECRET is not set")?;
    let secret = config.services.secret.as_ref().context("COLLABRY_SERVICE_SECRET is not set")?;
    let mut process = process::open(&config, Service::Api.name(), Sockets::Here).await?;
    let engine = EngineClient::new(&config.services.engines, secret, &process.clock());
    let engine = Arc::new(engine.context("COLLABRY_ENGINE_URLS")?);
    engine.register(&mut process.registry);
    let agreed = Arc::clone(&process.clock);
    let app = App::build(AppParts {
        config: config.api,
        jwt_secret,
        default_model: config.engine.default_model,
        engine,
        clock: process.clock(),
        coordination: process.coordination,
        stores: process.stores,
        registry: process.registry,
    });
    let health = health::Listener::start(internal, app.health())
        .with_context(|| format!("listening on {internal}; set COLLABRY_INTERNAL_BIND to another address or port"))?;
    tracing::info!(address = %listener.local_addr()?, health = %health.address(), "the api is ready");
    tokio::select! {
        served = app.run(listener, shutdown) => served.context("serving"),
        never = agreed.run() => match never {},
    }
}
