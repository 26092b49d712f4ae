//! The engine as the apis reach it: HTTP for services that know the secret, and for nobody else.

mod access_log;
mod auth;
mod health;
mod problem;
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

use self::health::EngineHealth;
use self::problem::Problem;
use crate::Engine;

/// The largest request is a search that names every source of a notebook.
const MAX_BODY: usize = 1024 * 1024;
/// Apis keep few connections; more is a mistake or an attack.
const CONNECTIONS: u32 = 4096;
/// For requests that still run when the work has ended.
const GRACE: Duration = Duration::from_secs(5);

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
    /// Everything but `/health` and `/ready` wants `secret` as a bearer token.
    /// `registry` holds what else the process counts.
    pub fn new(engine: Arc<Engine>, secret: SecretString, shutdown: CancellationToken, mut registry: Registry) -> Self {
        let requests = Requests::new(Service::Engine);
        requests.register(&mut registry);
        engine.register(&mut registry);
        let draining = shutdown.clone();
        let health: Arc<dyn HealthSource> = Arc::new(EngineHealth { engine: Arc::clone(&engine), registry, draining });
        let state = EngineState { engine: Arc::clone(&engine), health: Arc::clone(&health) };
        let router = routes::secret()
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .fallback(async || Problem::not_found())
            .method_not_allowed_fallback(async || Problem::method_not_allowed())
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

    /// Works and serves until shutdown. What runs then can still be stopped until it has ended; what is new is refused,
    /// so that the api asks another engine.
    pub async fn run(self, listener: TcpListener) -> anyhow::Result<()> {
        let ended = CancellationToken::new();
        let router = self.router;
        let bounds =
            Bounds { connections: CONNECTIONS, per_address: 0, is_shared: Arc::new(|_| true), send_timeout: None };
        let serving = serving::serve(listener, bounds, ended.clone(), move |_, _| {
            let bodies = |request: Request<Incoming>| request.map(Body::new);
            TowerToHyperService::new(router.clone().map_request(bodies))
        });
        let working = async {
            let worked = self.engine.run(self.shutdown).await;
            ended.cancel();
            Ok(worked?)
        };
        let patience = async {
            ended.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        let serving = async {
            tokio::select! {
                () = serving => {}
                () = patience => tracing::warn!("some requests did not finish in time"),
            }
        };
        let (worked, ()) = tokio::join!(working, serving);
        worked
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("engine", &self.engine).finish_non_exhaustive()
    }
}
