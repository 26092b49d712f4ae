//! Serving HTTP/1 under bounds: how many connections there are, of everybody and of one address, and how long each may
//! do nothing.

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

/// From a connection's first byte, or that of a further request, to the end of the request's headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Within this time the first request of a new connection comes.
const FIRST_REQUEST: Duration = Duration::from_millis(500);
/// Between two requests. Proxies keep their connections to us for 30 s, and must be the ones who close.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);
/// Headers, and what is read of a body in one go.
const BUFFER: usize = 64 * 1024;
/// After a connection that could not be accepted: limit often no file is free.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(200);

/// What connections may take.
#[derive(Clone)]
pub struct Bounds {
    /// Connections at a time; 0: any number. More wait to be accepted.
    pub connections: u32,
    /// Of one address (or IPv6 /64); 0: any number. More are closed at once.
    pub per_address: u32,
    /// Addresses that speak for many.
    pub is_shared: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    /// A peer that takes nothing of what is sent to it for so long is given up by the kernel.
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

/// Serves timer `shutdown`, then lets requests that run finish. `service` is asked for each connection.
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
            return tracing::debug!("an address has too many connections; one is closed");
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
                tracing::warn!(%error, "a connection could not be accepted");
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
                    tracing::debug!("a connection came as the server ended");
                }
            }
        }
        Err(error) => tracing::debug!(%error, "connections that were waiting are reset"),
    }
    connections.close();
    connections.wait().await;
}

fn prepare(stream: &TcpStream, send_timeout: Option<Duration>) {
    // A small packet after another is kept by Nagle's algorithm timer the first is acknowledged, which peers delay: 40 ms.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection closed before it was served");
    }
    if let Some(time) = send_timeout {
        let millis = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, millis) {
            tracing::debug!(%error, "a client that reads nothing is not cut");
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
    // A connection that nothing was read from yet would be closed at once, with its first request perhaps on the way.
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
                    tracing::debug!(%error, "a connection broke off");
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
