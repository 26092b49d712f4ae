//! The state of a connection, and its stream: reading headers has a timeout, and reading a socket a rate limit.

use std::any::Any;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::HEADER_TIMEOUT;
use super::bucket::TokenBucket;

/// How many bytes a socket may send per second, whatever they contain: about as many messages as the limit per minute.
const SOCKET_BYTES: u32 = 128 * 1024;
/// How many bytes a socket may send at once: its largest packets.
const SOCKET_BYTES_AT_ONCE: u32 = 1024 * 1024;

/// The state of a connection. Cheap to clone.
#[derive(Clone)]
pub struct ConnectionState(Arc<Inner>);

struct Inner {
    phase: AtomicU8,
    /// Requests so far; wraps around.
    requests: AtomicU32,
    /// Places that are free again once nobody knows the connection any more.
    _held: Box<dyn Any + Send + Sync>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    /// Waiting for a request, or for the rest of its headers.
    Idle,
    /// Answering a request.
    Responding,
    /// No longer HTTP.
    Upgraded,
    /// A Socket.IO connection.
    Socket,
}

impl ConnectionState {
    pub(super) fn new(held: impl Any + Send + Sync) -> Self {
        Self(Arc::new(Inner {
            phase: AtomicU8::new(Phase::Idle as u8),
            requests: AtomicU32::new(0),
            _held: Box::new(held),
        }))
    }

    /// Marks the connection as a socket, whose reading is rate-limited from now on.
    pub fn mark_socket(&self) {
        self.set(Phase::Socket);
    }

    pub(super) fn request_started(&self) {
        self.0.requests.fetch_add(1, Ordering::AcqRel);
        self.set(Phase::Responding);
    }

    /// The answer has left.
    pub(super) fn response_sent(&self) {
        let phases = (Phase::Responding as u8, Phase::Idle as u8);
        // One that was upgraded stays so.
        let _was = self.0.phase.compare_exchange(phases.0, phases.1, Ordering::AcqRel, Ordering::Acquire);
    }

    pub(super) fn upgraded(&self) {
        let phases = (Phase::Responding as u8, Phase::Upgraded as u8);
        let _was = self.0.phase.compare_exchange(phases.0, phases.1, Ordering::AcqRel, Ordering::Acquire);
    }

    fn set(&self, phase: Phase) {
        self.0.phase.store(phase as u8, Ordering::Release);
    }

    fn phase(&self) -> Phase {
        let phases = [Phase::Idle, Phase::Responding, Phase::Upgraded, Phase::Socket];
        let now = self.0.phase.load(Ordering::Acquire);
        phases.into_iter().find(|phase| *phase as u8 == now).unwrap_or(Phase::Responding)
    }
}

impl fmt::Debug for ConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConnectionState").field(&self.phase()).finish()
    }
}

/// The stream of a connection.
#[derive(Debug)]
pub struct LimitedStream {
    stream: TcpStream,
    state: ConnectionState,
    /// When the headers have to be there, or when a socket may go on.
    timer: Option<Pin<Box<Sleep>>>,
    /// Requests that had come when this was set.
    requests: u32,
    bucket: Option<Box<TokenBucket>>,
}

impl LimitedStream {
    pub fn new(stream: TcpStream, state: ConnectionState) -> Self {
        // A client that connects must send a request soon.
        let timer = Some(Box::pin(sleep_until(Instant::now() + HEADER_TIMEOUT)));
        Self { stream, state, timer, requests: 0, bucket: None }
    }

    /// A socket that has said too much waits: the kernel's buffers fill, and its peer with them.
    fn throttle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let bucket = self
            .bucket
            .get_or_insert_with(|| Box::new(TokenBucket::new(SOCKET_BYTES, SOCKET_BYTES_AT_ONCE, Instant::now())));
        loop {
            if let Some(timer) = &mut self.timer {
                ready!(timer.as_mut().poll(cx));
                self.timer = None;
            }
            match bucket.wait(Instant::now()) {
                Some(wait) => self.timer = Some(Box::pin(sleep_until(Instant::now() + wait))),
                None => return Poll::Ready(()),
            }
        }
    }

    /// Fails when headers take too long.
    fn check_header_timeout(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let over = self.timer.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready());
        if over {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the headers of a request did not come in time"));
        }
        Ok(())
    }
}

impl AsyncRead for LimitedStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let phase = this.state.phase();
        let requests = this.state.0.requests.load(Ordering::Acquire);
        if this.requests != requests {
            // The headers that had a time are there.
            this.requests = requests;
            this.timer = None;
        }
        if phase == Phase::Socket {
            ready!(this.throttle(cx));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        let bytes = buffer.filled().len() - before;
        match phase {
            Phase::Idle => {
                if bytes > 0 && this.timer.is_none() {
                    this.timer = Some(Box::pin(sleep_until(Instant::now() + HEADER_TIMEOUT)));
                }
                if read.is_pending() || bytes > 0 {
                    this.check_header_timeout(cx)?;
                }
            }
            Phase::Socket => {
                if let Some(bucket) = &mut this.bucket {
                    bucket.take(bytes);
                }
            }
            Phase::Responding | Phase::Upgraded => {}
        }
        read
    }
}

impl AsyncWrite for LimitedStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
