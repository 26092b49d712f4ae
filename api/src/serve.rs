//! `collabry-api serve`

use std::sync::Arc;

use anyhow::Context as _;
use collabry_api::{App, AppParts};
use collabry_shared::clock::{AgreedClock, Clock, SystemClock};
use collabry_shared::config::Config;
use collabry_shared::coordination::{self, Sockets};
use collabry_shared::engine::EngineClient;
use collabry_shared::health;
use collabry_shared::health::metrics;
use collabry_shared::service::Service;
use collabry_shared::stores;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub async fn serve(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let bind = config.api.bind;
    let listener = TcpListener::bind(bind)
        .await
        .with_context(|| format!("listening on {bind}; set COLLABRY_BIND to another address or port"))?;
    let internal = config.services.internal_bind.unwrap_or(Service::Api.internal_bind());
    let agreed = Arc::new(AgreedClock::new(Arc::new(SystemClock)));
    let app = App::build(parts(config, Arc::clone(&agreed)).await?);
    let health = health::Listener::start(internal, app.vitals())
        .with_context(|| format!("listening on {internal}; set COLLABRY_INTERNAL_BIND to another address or port"))?;
    tracing::info!(address = %listener.local_addr()?, health = %health.address(), "the api is ready");
    tokio::select! {
        served = app.run(listener, shutdown) => served.context("serving"),
        never = agreed.keep() => match never {},
    }
}

/// What an api among others is made of.
async fn parts(config: Config, agreed: Arc<AgreedClock>) -> anyhow::Result<AppParts> {
    let clock: Arc<dyn Clock> = Arc::clone(&agreed) as _;
    let services = &config.services;
    let secret = services.secret.as_ref().context("COLLABRY_SERVICE_SECRET is not set")?;
    let engine = Arc::new(EngineClient::new(&services.engines, secret, &clock).context("COLLABRY_ENGINE_URLS")?);
    let jwt_secret = config.api.jwt_secret.clone().context("COLLABRY_JWT_SECRET is not set")?;
    let coordination = coordination::open(&config, Arc::clone(&clock), Sockets::Here).await.context("REDIS_URL")?;
    let log = Arc::clone(&coordination.generation_log);
    let stores = stores::open(&config, log, clock.now()).await.context("opening the storage")?;
    let mut registry = metrics::registry(Service::Api.name());
    coordination
        .agree_on(&agreed, &stores)
        .await
        .map_err(anyhow::Error::from_boxed)
        .context("asking what time it is")?;
    agreed.register(metrics::ours(&mut registry));
    coordination.register(&mut registry);
    stores.register(&mut registry);
    engine.register(&mut registry);
    Ok(AppParts {
        config: config.api,
        jwt_secret,
        default_model: config.engine.default_model,
        stores,
        engine,
        fan_out: coordination.fan_out,
        published: coordination.published,
        redis: coordination.redis,
        presence: coordination.presence,
        limiter: coordination.limiter,
        log_level: coordination.log_level,
        clock,
        registry,
    })
}
