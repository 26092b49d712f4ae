//! Serves HTTP/1 with bounds: on the connections of everybody and of one address, and on how long each may be idle.

mod addresses;
mod bucket;
mod state;
mod tracked;

use std::convert::Infallible;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::addresses::Addresses;
pub use self::state::ConnectionState;
use self::state::LimitedStream;
use self::tracked::TrackedService;

/// The time from the first byte of a connection or of a further request to the end of the request's headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a new connection has to send its first request at shutdown.
const FIRST_REQUEST: Duration = Duration::from_millis(500);
/// The time between two requests. Proxies keep their connections to us for 30 s and must be the side that closes.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);
/// The buffer for headers, and for what is read of a body at once.
const BUFFER: usize = 64 * 1024;
/// The delay after a connection could not be accepted, mostly because no file descriptor is free.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(200);

/// Bounds on connections.
#[derive(Clone)]
pub struct Bounds {
    /// Connections at a time; 0: no limit. Further ones wait to be accepted.
    pub connections: u32,
    /// Connections of one address (or IPv6 /64); 0: no limit. Further ones are closed at once.
    pub per_address: u32,
    /// Whether an address, such as a proxy's, serves many clients and is not counted.
    pub is_shared: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    /// After this time without an acknowledgement from the peer the kernel closes the connection.
    pub send_timeout: Option<Duration>,
}

impl std::fmt::Debug for Bounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bounds")
            .field("connections", &self.connections)
            .field("per_address", &self.per_address)
            .finish_non_exhaustive()
    }
}

/// Serves until `shutdown`, then lets running requests finish. `service` is called for each connection.
pub async fn serve<F, S, B>(listener: TcpListener, bounds: Bounds, shutdown: CancellationToken, service: F)
where
    F: Fn(SocketAddr, ConnectionState) -> S,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let connections = TaskTracker::new();
    let addresses = Addresses::new(bounds.per_address);
    let limit = usize::try_from(bounds.connections).ok().filter(|limit| (1..=Semaphore::MAX_PERMITS).contains(limit));
    let permits = Arc::new(Semaphore::new(limit.unwrap_or(Semaphore::MAX_PERMITS)));
    let admit = |stream: TcpStream, peer: SocketAddr, permit: Option<OwnedSemaphorePermit>| {
        let known = if (bounds.is_shared)(peer.ip()) { Some(None) } else { addresses.enter(peer.ip()).map(Some) };
        let Some(known) = known else {
            return tracing::debug!("connection closed: its address has too many");
        };
        prepare(&stream, bounds.send_timeout);
        let state = ConnectionState::new((permit, known));
        let watched = TrackedService::new(service(peer, state.clone()), state.clone());
        connections.spawn(connection(TokioIo::new(LimitedStream::new(stream, state)), watched, shutdown.clone()));
    };
    loop {
        let accepted = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = accepted => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                continue;
            }
        };
        admit(stream, peer, permit.ok());
    }
    // Closing the listener resets the connections in its backlog. A proxy may have sent a request on one of them, cannot tell
    // whether it was handled, and so must not repeat it if it is a POST.
    match listener.into_std() {
        Ok(waiting) => {
            while let Ok((stream, peer)) = waiting.accept() {
                let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
                if let (Ok(stream), Ok(permit)) = (stream, Arc::clone(&permits).try_acquire_owned()) {
                    admit(stream, peer, Some(permit));
                } else {
                    tracing::debug!("connection closed: the server is shutting down");
                }
            }
        }
        Err(error) => tracing::debug!(%error, "cannot serve waiting connections; they are reset"),
    }
    connections.close();
    connections.wait().await;
}

fn prepare(stream: &TcpStream, send_timeout: Option<Duration>) {
    // Nagle's algorithm holds a small packet back until the one before is acknowledged, which peers delay by 40 ms.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "connection closed before it was served");
    }
    if let Some(time) = send_timeout {
        let millis = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, millis) {
            tracing::debug!(%error, "cannot set the send timeout of a connection");
        }
    }
}

async fn connection<S, B>(io: TokioIo<LimitedStream>, service: TrackedService<S>, shutdown: CancellationToken)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(IDLE_TIMEOUT).max_buf_size(BUFFER);
    let mut serving = pin!(http.serve_connection(io, service).with_upgrades());
    // hyper would close a connection that nothing was read from at once, although its first request may be on the way.
    let started = Instant::now();
    let mut ended = pin!(async {
        shutdown.cancelled().await;
        tokio::time::sleep(FIRST_REQUEST.saturating_sub(started.elapsed())).await;
    });
    let mut shutting_down = false;
    loop {
        tokio::select! {
            served = serving.as_mut() => {
                if let Err(error) = served {
                    tracing::debug!(%error, "connection broke off");
                }
                return;
            }
            () = ended.as_mut(), if !shutting_down => {
                shutting_down = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use http_body_util::Full;
    use hyper::body::Bytes;
    use hyper::service::service_fn;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// A proxy that has connected sends its request, whatever happens to the server in between.
    #[tokio::test]
    async fn who_has_connected_is_still_answered_when_the_server_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bounds = Bounds { connections: 10, per_address: 0, is_shared: Arc::new(|_| true), send_timeout: None };
        let shutdown = CancellationToken::new();
        let answer = |_: Request<Incoming>| ready(Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("here")))));
        let (admitted, mut admissions) = tokio::sync::mpsc::unbounded_channel();
        let served = tokio::spawn(serve(listener, bounds, shutdown.clone(), move |_, _| {
            // The test reads the first admission only.
            let _ = admitted.send(());
            service_fn(answer)
        }));

        // One that was accepted, and one in the backlog: on one thread the server does not run before this test waits.
        let mut accepted = TcpStream::connect(address).await.unwrap();
        admissions.recv().await.unwrap();
        let waiting = std::net::TcpStream::connect(address).unwrap();
        waiting.set_nonblocking(true).unwrap();
        let mut waiting = TcpStream::from_std(waiting).unwrap();
        shutdown.cancel();
        while TcpStream::connect(address).await.is_ok() {}
        for client in [&mut accepted, &mut waiting] {
            client.write_all(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        }
        for client in [&mut accepted, &mut waiting] {
            let mut said = String::new();
            client.read_to_string(&mut said).await.unwrap();
            assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("here"), "{said}");
        }
        served.await.unwrap();
    }
}
