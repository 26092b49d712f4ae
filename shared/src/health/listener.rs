//! The internal listener, with its own thread and runtime, so that it answers however busy the process is.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::state::State;
use super::{HealthSource, Readiness, metrics};
use crate::health::DependencyStatus;

/// How many connections it serves at a time; further ones wait.
const CONNECTIONS: usize = 32;
/// How long one request and its answer may take.
const CONNECTION: Duration = Duration::from_secs(10);
/// How long the main runtime may take to report its readiness: longer than any of its probes.
const READY: Duration = Duration::from_secs(4);
/// How often readiness is checked for the metrics.
const LOOK: Duration = Duration::from_secs(5);
/// The delay after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers `/health`, `/ready` and `/metrics` until it is dropped.
pub struct Listener {
    address: SocketAddr,
    stop: CancellationToken,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Clone)]
struct Inside {
    health: Arc<dyn HealthSource>,
    main: Handle,
    state: State,
}

impl Listener {
    /// Starts to serve `health`, which runs on the caller's runtime.
    pub fn start(bind: SocketAddr, health: Arc<dyn HealthSource>) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind(bind)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (inside, stop) =
            (Inside { health, main: Handle::current(), state: State::default() }, CancellationToken::new());
        let until = stop.clone();
        let run = move || match runtime.block_on(async { serve(TcpListener::from_std(listener)?, inside, until).await })
        {
            Ok(()) => {}
            Err(error) => tracing::error!(%error, "cannot start the health listener"),
        };
        let thread = thread::Builder::new().name("health".to_owned()).spawn(run)?;
        Ok(Self { address, stop, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.cancel();
        // The thread ends at once: its runtime drops the connections.
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the health listener panicked");
        }
    }
}

async fn serve(listener: TcpListener, inside: Inside, stop: CancellationToken) -> std::io::Result<()> {
    let mut connections = JoinSet::new();
    let looking = inside.clone();
    let look = looking.look();
    tokio::pin!(look);
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = &mut look => return Ok(()),
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept(), if connections.len() < CONNECTIONS => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                connections.spawn(timeout(CONNECTION, connection(stream, inside.clone())));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a health check");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, inside: Inside) {
    let service = service_fn(move |request| {
        let inside = inside.clone();
        async move { Ok::<_, Infallible>(inside.answer(&request).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).keep_alive(false);
    if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "health check broke off");
    }
}

impl Inside {
    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return response(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "only GET\n");
        }
        match request.uri().path() {
            "/health" => response(StatusCode::OK, "application/json", ALIVE),
            "/ready" => {
                let readiness = self.ready().await;
                let status = StatusCode::from_u16(readiness.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
                response(status, "application/json", serde_json::to_vec(&readiness).unwrap_or_default())
            }
            "/metrics" => {
                let text = metrics::text([self.health.registry(), &self.state.registry()]);
                response(StatusCode::OK, metrics::CONTENT_TYPE, text)
            }
            _ => response(StatusCode::NOT_FOUND, "text/plain", "/health, /ready or /metrics\n"),
        }
    }

    /// Checks readiness periodically; never returns.
    async fn look(&self) {
        let mut often = interval(LOOK);
        loop {
            often.tick().await;
            self.state.set(self.ready().await);
        }
    }

    /// Asks the main runtime, which may be too busy to answer.
    async fn ready(&self) -> Readiness {
        let health = Arc::clone(&self.health);
        let mut asked = self.main.spawn(async move { health.ready().await });
        if let Ok(Ok(readiness)) = timeout(READY, &mut asked).await {
            return readiness;
        }
        asked.abort();
        let process = DependencyStatus {
            name: "process".to_owned(),
            required: true,
            ready: false,
            latency_ms: u64::try_from(READY.as_millis()).unwrap_or(u64::MAX),
            problem: Some("alive, but too busy to answer".to_owned()),
        };
        Readiness::of(false, vec![process])
    }
}

const ALIVE: &str = concat!(r#"{"status":"ok","version":""#, env!("CARGO_PKG_VERSION"), r#""}"#);

fn response(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("address", &self.address).finish_non_exhaustive()
    }
}
