//! The engine's HTTP interface for the apis. Only services that know the secret can use it.

mod access_log;
mod auth;
mod error_response;
mod health;
mod routes;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::{Router, middleware};
use collabry_shared::health::HealthSource;
use collabry_shared::health::requests::Requests;
use collabry_shared::http::serving::{self, Bounds};
use collabry_shared::service::Service;
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::service::TowerToHyperService;
use prometheus_client::registry::Registry;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use self::error_response::ErrorResponse;
use self::health::EngineHealth;
use crate::Engine;

/// The largest request is a search that names every source of a notebook.
const MAX_BODY: usize = 1024 * 1024;
/// Apis keep few connections; more are a mistake or an attack.
const CONNECTIONS: u32 = 4096;
/// How long requests may still run after the engine has stopped.
const REQUEST_GRACE: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct EngineState {
    engine: Arc<Engine>,
    health: Arc<dyn HealthSource>,
}

/// An engine behind its HTTP interface, not yet listening.
pub struct Server {
    engine: Arc<Engine>,
    health: Arc<dyn HealthSource>,
    router: Router,
    shutdown: CancellationToken,
}

impl Server {
    /// Everything but `/health` and `/ready` requires `secret` as a bearer token.
    /// `registry` holds the other metrics of the process.
    pub fn new(engine: Arc<Engine>, secret: SecretString, shutdown: CancellationToken, mut registry: Registry) -> Self {
        let requests = Requests::new(Service::Engine);
        requests.register(&mut registry);
        engine.register(&mut registry);
        let draining = shutdown.clone();
        let health: Arc<dyn HealthSource> = Arc::new(EngineHealth { engine: Arc::clone(&engine), registry, draining });
        let state = EngineState { engine: Arc::clone(&engine), health: Arc::clone(&health) };
        let router = routes::protected()
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .fallback(async || ErrorResponse::not_found())
            .method_not_allowed_fallback(async || ErrorResponse::method_not_allowed())
            .layer(middleware::from_fn_with_state(secret, auth::check))
            .merge(routes::open())
            .layer(middleware::from_fn_with_state(requests, access_log::log))
            .with_state(state);
        Self { engine, health, router, shutdown }
    }

    /// For the health listener of this process.
    pub fn health(&self) -> Arc<dyn HealthSource> {
        Arc::clone(&self.health)
    }

    /// Works and serves until shutdown. After that, running generations can still be stopped until they have ended; new
    /// ones are rejected, so that the api asks another engine.
    pub async fn run(self, listener: TcpListener) -> anyhow::Result<()> {
        let stopped = CancellationToken::new();
        let router = self.router;
        let bounds =
            Bounds { connections: CONNECTIONS, per_address: 0, is_shared: Arc::new(|_| true), send_timeout: None };
        let serving = serving::serve(listener, bounds, stopped.clone(), move |_, _| {
            let bodies = |request: Request<Incoming>| request.map(Body::new);
            TowerToHyperService::new(router.clone().map_request(bodies))
        });
        let working = async {
            let result = self.engine.run(self.shutdown).await;
            stopped.cancel();
            Ok(result?)
        };
        let grace_period = async {
            stopped.cancelled().await;
            tokio::time::sleep(REQUEST_GRACE).await;
        };
        let serving = async {
            tokio::select! {
                () = serving => {}
                () = grace_period => tracing::warn!("some requests did not finish within the drain time"),
            }
        };
        let (result, ()) = tokio::join!(working, serving);
        result
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("engine", &self.engine).finish_non_exhaustive()
    }
}
