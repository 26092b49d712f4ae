//! Builds, runs and drains the API server.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit};
use axum::http::header::CONTENT_DISPOSITION;
use axum::http::{Extensions, HeaderMap, HeaderValue, Request};
use axum::middleware;
use axum::response::Response;
use collabry_shared::clock::Clock;
use collabry_shared::config::ApiConfig;
use collabry_shared::coordination::Coordination;
use collabry_shared::engine::AiEngine;
use collabry_shared::health::{HealthSource, metrics};
use collabry_shared::http::serving::{self, Bounds, ConnectionState};
use collabry_shared::ids::RequestId;
use collabry_shared::models::ModelId;
use collabry_shared::realtime::Published;
use collabry_shared::stores::Stores;
use hyper::body::Incoming;
use hyper_util::service::TowerToHyperService;
use prometheus_client::registry::Registry;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;
use tower::util::BoxCloneSyncService;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate as _};
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::timeout::RequestBodyTimeoutLayer;
use utoipa_axum::router::OpenApiRouter;

use crate::auth::{Passwords, Sessions, Tokens};
use crate::health::checked::Checked;
use crate::http::conditional::{if_match, if_none_match};
use crate::http::idempotency::idempotent;
use crate::http::json::MAX_JSON_BYTES;
use crate::http::options::options;
use crate::http::problems::{self, REQUEST_ID};
use crate::http::run_to_completion::{Handlers, run_to_completion};
use crate::http::safe_headers::safe_headers;
use crate::http::slash::without_trailing_slash;
use crate::limits::IpRateLimiter;
use crate::limits::reads::Reads;
use crate::metrics::Metrics;
use crate::notices::Notices;
use crate::realtime::{Server, Sockets, number_the_code, own_head};
use crate::state::{ApiState, StateParts};
use crate::{
    access_log, admin, audit, auth, conversations, generations, health, limits, models, notebooks, notifications,
    openapi, search, sources, usage, web,
};

/// How long proxies and sockets have to notice the drain before connections are refused.
const DRAIN_NOTICE: Duration = Duration::from_millis(500);
/// How long background calls to engines may take after everything else has ended: enough for an engine that does not
/// answer, and for the next one.
const BACKGROUND_TIMEOUT: Duration = Duration::from_secs(10);
/// A client that sends nothing of its body for so long is given up.
const STALLED: Duration = Duration::from_secs(30);
/// A client that takes nothing of what is sent to it for so long is given up.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// What an api is made of; which backends are behind the traits is decided by whoever builds it.
pub struct AppParts {
    pub config: ApiConfig,
    pub jwt_secret: SecretString,
    pub default_model: ModelId,
    pub engine: Arc<dyn AiEngine>,
    pub coordination: Coordination,
    pub stores: Stores,
    pub clock: Arc<dyn Clock>,
    /// What the process counts beside what the api does; see [`metrics`](collabry_shared::health::metrics).
    pub registry: Registry,
}

/// A built api, not yet listening.
pub struct App {
    router: Router,
    server: Server,
    ip_rate: IpRateLimiter,
    published: mpsc::Receiver<Published>,
    handlers: Handlers,
    draining: CancellationToken,
    drain: Duration,
    bounds: Bounds,
    health: Arc<dyn HealthSource>,
    state: ApiState,
}

impl App {
    pub fn build(parts: AppParts) -> Self {
        let draining = CancellationToken::new();
        let drain = parts.config.drain;
        let trusted = parts.config.limits.trusted_proxies.clone();
        let bounds = Bounds {
            connections: parts.config.limits.connections,
            per_address: parts.config.limits.address_connections,
            is_shared: Arc::new(move |peer| limits::trusted(&trusted, peer)),
            send_timeout: Some(SEND_TIMEOUT),
        };
        let mut coordination = parts.coordination;
        let (published, redis) = (coordination.take_published(), coordination.redis.clone());
        let state = ApiState::new(StateParts {
            tokens: Tokens::new(&parts.jwt_secret, Arc::clone(&parts.clock)),
            sessions: Sessions::new(Arc::clone(&parts.stores.sessions), Arc::clone(&parts.clock)),
            passwords: Passwords::default(),
            reads: Reads::default(),
            ready: Checked::default(),
            config: parts.config,
            default_model: parts.default_model,
            stores: parts.stores,
            engine: parts.engine,
            coordination,
            clock: parts.clock,
            draining: draining.clone(),
            background: TaskTracker::new(),
            metrics: Metrics::new(),
            notices: Notices::default(),
        });
        let (server, sockets) = Server::new(state.clone(), redis);
        let mut registry = parts.registry;
        state.metrics.register(&mut registry);
        state.notices.register(metrics::ours(&mut registry));
        server.register(&mut registry);
        let handlers = Handlers::default();
        let health = Arc::new(health::ApiHealth { state: state.clone(), registry });
        let (router, ip_rate) = router(state.clone(), handlers.clone(), sockets);
        Self { router, server, ip_rate, published, handlers, draining, drain, bounds, health, state }
    }

    /// For the health listener of this process.
    pub fn health(&self) -> Arc<dyn HealthSource> {
        Arc::clone(&self.health)
    }

    /// Serves until `shutdown`, then drains: not ready at once, sockets noticed to go elsewhere, running requests finished.
    pub async fn run(mut self, listener: TcpListener, shutdown: CancellationToken) -> std::io::Result<()> {
        let tasks = TaskTracker::new();
        let stop = CancellationToken::new();
        let broken = CancellationToken::new();
        self.server.start(self.published, &tasks, &stop, &broken).await?;
        tasks.spawn(stop.clone().run_until_cancelled_owned(self.ip_rate.evict_idle()));
        let (state, background) = (self.state.clone(), self.state.background.clone());
        tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
            admin::unmade::warn(state.stores.users.as_ref(), &state.config.admin_emails).await;
        }));
        let noticed = CancellationToken::new();
        let serving = serving::serve(listener, self.bounds, noticed.clone(), of_connection(self.router));
        let ending = async {
            shutdown.cancelled().await;
            self.draining.cancel();
            self.server.drain().await;
            tokio::time::sleep(DRAIN_NOTICE).await;
            noticed.cancel();
            stop.cancel();
            tasks.close();
            tasks.wait().await;
            self.server.close().await;
            tokio::time::sleep(self.drain).await;
        };
        let result = tokio::select! {
            () = serving => Ok(()),
            () = broken.cancelled() => Err(std::io::Error::other("what serves the sockets broke; see the log above")),
            () = ending => {
                tracing::warn!("some requests did not finish within the drain time");
                Ok(())
            }
        };
        self.handlers.stop().await;
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        background.close();
        if tokio::time::timeout(BACKGROUND_TIMEOUT, background.wait()).await.is_err() {
            tracing::warn!(
                tasks = background.len(),
                "some engines did not answer; their generations wait in the queue"
            );
        }
        result
    }
}

/// Requests of one connection know whose it is.
fn of_connection(
    router: Router,
) -> impl Fn(SocketAddr, ConnectionState) -> TowerToHyperService<BoxCloneSyncService<Request<Incoming>, Response, Infallible>>
{
    move |peer, connection| {
        let known = move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(connection.clone());
            request
        };
        TowerToHyperService::new(BoxCloneSyncService::new(router.clone().map_request(known)))
    }
}

impl std::fmt::Debug for AppParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppParts").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}

/// Every route, and the layers around them; the outermost layer comes last.
fn router(state: ApiState, handlers: Handlers, sockets: Sockets) -> (Router, IpRateLimiter) {
    let (api, document) = OpenApiRouter::with_openapi(openapi::document())
        .merge(auth::router())
        .merge(notebooks::router())
        .merge(sources::router())
        .merge(conversations::router())
        .merge(generations::router())
        .merge(search::router())
        .merge(models::router())
        .merge(notifications::router())
        .merge(usage::router())
        .merge(admin::router())
        .split_for_parts();
    // Most uploads are compressed by their format.
    let compressed = DefaultPredicate::new().and(NotForContentType::SSE).and(
        // A file is sent as it is, so that its length and its parts can be noticed.
        |_, _, headers: &HeaderMap, _: &Extensions| !headers.contains_key(CONTENT_DISPOSITION),
    );
    let router = api
        .layer(DefaultBodyLimit::max(MAX_JSON_BYTES))
        .layer(middleware::from_fn_with_state(state.clone(), idempotent))
        .layer(middleware::from_fn(if_none_match))
        .layer(middleware::from_fn_with_state(state.clone(), limits::apply))
        .merge(openapi::router(&document))
        .merge(health::router())
        .merge(web::router(&state.config.web_dir))
        .layer(CompressionLayer::new().compress_when(compressed))
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn_with_state(handlers, run_to_completion))
        .layer(RequestBodyTimeoutLayer::new(STALLED))
        .with_state(state.clone())
        .layer(sockets)
        .layer(middleware::from_fn(number_the_code))
        .layer(middleware::map_request(own_head));
    let (router, ip_rate) = IpRateLimiter::layer(router, state.clone());
    let router = router
        .layer(middleware::from_fn(audit::record))
        .layer(middleware::from_fn_with_state(state.clone(), limits::identify))
        .layer(middleware::from_fn(problems::render))
        .layer(middleware::from_fn(safe_headers))
        .layer(middleware::from_fn_with_state(state.clone(), access_log::log));
    // Around the router, not within it: what they need to know of the other methods of an address is its knowledge.
    let router = Router::new()
        .fallback_service(router)
        .layer(middleware::from_fn(if_match))
        .layer(middleware::from_fn(options))
        .layer(middleware::from_fn(problems::render))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(SetRequestIdLayer::new(REQUEST_ID, FreshId))
        .layer(middleware::from_fn_with_state(state, limits::forget_claims))
        .layer(middleware::map_request(without_trailing_slash));
    (router, ip_rate)
}

#[derive(Debug, Clone, Copy)]
struct FreshId;

impl MakeRequestId for FreshId {
    fn make_request_id<B>(&mut self, _: &Request<B>) -> Option<tower_http::request_id::RequestId> {
        HeaderValue::from_str(&RequestId::new().to_string()).ok().map(tower_http::request_id::RequestId::new)
    }
}
