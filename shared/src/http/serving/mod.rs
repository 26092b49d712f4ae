//! Serving HTTP/1 under bounds: how many connections there are, of everybody and of one address, and how long each may
//! do nothing.

mod addresses;
mod line;
mod pace;
mod watched;

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
pub use self::line::Line;
use self::line::Measured;
use self::watched::Watched;

/// From a connection's first byte, or that of a further request, to the end of the request's headers.
const HEADERS: Duration = Duration::from_secs(10);
/// Within this time the first request of a new connection comes.
const FIRST_REQUEST: Duration = Duration::from_millis(500);
/// Between two requests. Proxies keep their connections to us for 30 s, and must be the ones who close.
const IDLE: Duration = Duration::from_secs(75);
/// Headers, and what is read of a body in one go.
const BUFFER: usize = 64 * 1024;
/// After a connection that could not be accepted: most often no file is free.
const PAUSE: Duration = Duration::from_millis(200);

/// What connections may take.
#[derive(Clone)]
pub struct Bounds {
    /// Connections at a time; 0: any number. More wait to be accepted.
    pub connections: u32,
    /// Of one address (or IPv6 /64); 0: any number. More are closed at once.
    pub of_one_address: u32,
    /// Addresses that speak for many.
    pub many: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    /// A peer that takes nothing of what is sent to it for so long is given up by the kernel.
    pub takes_nothing: Option<Duration>,
}

impl std::fmt::Debug for Bounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bounds")
            .field("connections", &self.connections)
            .field("of_one_address", &self.of_one_address)
            .finish_non_exhaustive()
    }
}

/// Serves until `ending`, then lets requests that run finish. `service` is asked for each connection.
pub async fn serve<F, S, B>(listener: TcpListener, bounds: Bounds, ending: CancellationToken, service: F)
where
    F: Fn(SocketAddr, Line) -> S,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let connections = TaskTracker::new();
    let addresses = Addresses::new(bounds.of_one_address);
    let most = usize::try_from(bounds.connections).ok().filter(|most| (1..=Semaphore::MAX_PERMITS).contains(most));
    let places = Arc::new(Semaphore::new(most.unwrap_or(Semaphore::MAX_PERMITS)));
    let admit = |stream: TcpStream, peer: SocketAddr, place: Option<OwnedSemaphorePermit>| {
        let known = if (bounds.many)(peer.ip()) { Some(None) } else { addresses.enter(peer.ip()).map(Some) };
        let Some(known) = known else {
            return tracing::debug!("an address has too many connections; one is closed");
        };
        prepare(&stream, bounds.takes_nothing);
        let line = Line::new((place, known));
        let watched = Watched::new(service(peer, line.clone()), line.clone());
        connections.spawn(connection(TokioIo::new(Measured::new(stream, line)), watched, ending.clone()));
    };
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = ending.cancelled() => break,
            accepted = accepted => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        admit(stream, peer, place.ok());
    }
    // Closing the listener resets the connections in its backlog. A proxy may have sent a request on one of them, cannot tell
    // whether it was handled, and so must not repeat it if it is a POST.
    match listener.into_std() {
        Ok(waiting) => {
            while let Ok((stream, peer)) = waiting.accept() {
                let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
                if let (Ok(stream), Ok(place)) = (stream, Arc::clone(&places).try_acquire_owned()) {
                    admit(stream, peer, Some(place));
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

fn prepare(stream: &TcpStream, takes_nothing: Option<Duration>) {
    // A small packet after another is kept by Nagle's algorithm until the first is acknowledged, which peers delay: 40 ms.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection closed before it was served");
    }
    if let Some(time) = takes_nothing {
        let millis = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, millis) {
            tracing::debug!(%error, "a client that reads nothing is not cut");
        }
    }
}

async fn connection<S, B>(io: TokioIo<Measured>, service: Watched<S>, ending: CancellationToken)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(IDLE).max_buf_size(BUFFER);
    let mut serving = pin!(http.serve_connection(io, service).with_upgrades());
    // A connection that nothing was read from yet would be closed at once, with its first request perhaps on the way.
    let begun = Instant::now();
    let mut ended = pin!(async {
        ending.cancelled().await;
        tokio::time::sleep(FIRST_REQUEST.saturating_sub(begun.elapsed())).await;
    });
    let mut told = false;
    loop {
        tokio::select! {
            served = serving.as_mut() => {
                if let Err(error) = served {
                    tracing::debug!(%error, "a connection broke off");
                }
                return;
            }
            () = ended.as_mut(), if !told => {
                told = true;
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
        let bounds = Bounds { connections: 10, of_one_address: 0, many: Arc::new(|_| true), takes_nothing: None };
        let ending = CancellationToken::new();
        let answer = |_: Request<Incoming>| ready(Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("here")))));
        let (admitted, mut admissions) = tokio::sync::mpsc::unbounded_channel();
        let served = tokio::spawn(serve(listener, bounds, ending.clone(), move |_, _| {
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
        ending.cancel();
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
