//! Runs every handler to completion even when the client leaves, and lets a client that is refused while it still sends
//! read the reason.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::{Request, State};
use axum::http::header::EXPECT;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::{StreamExt as _, future, stream};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::error::ApiError;

/// For how long what a refused client still sends is read and thrown away. Closing a connection with unread bytes in it
/// makes the client's system drop the answer that waits there (RFC 9112, 9.6).
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// The running handlers.
#[derive(Debug, Clone, Default)]
pub struct Handlers {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Handlers {
    /// Cancels the handlers that still run and waits for them.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Middleware: runs the handler in a separate task, so that no series of writes stops half way.
pub async fn run_to_completion(State(handlers): State<Handlers>, request: Request, next: Next) -> Response {
    let (request, unread) = share_body(request);
    let (answer, answered) = oneshot::channel();
    let work = async move {
        let response = next.run(request).await;
        // A client that is gone does not send any more either.
        if answer.send(response).is_ok() {
            unread.drain().await;
        }
    };
    handlers.tasks.spawn(handlers.stop.clone().run_until_cancelled_owned(work).in_current_span());
    // Without an answer the server has stopped.
    answered.await.unwrap_or_else(|_| ApiError::busy().into_response())
}

fn share_body(request: Request) -> (Request, UnreadBody) {
    let waits_for_leave = request.headers().contains_key(EXPECT);
    let (parts, body) = request.into_parts();
    let unread = UnreadBody(Arc::new(Mutex::new(Inner { chunks: body.into_data_stream(), started: !waits_for_leave })));
    let shared = unread.clone();
    let body = Body::from_stream(stream::poll_fn(move |context| shared.poll(context)));
    (Request::from_parts(parts, body), unread)
}

/// The unread part of a request's body.
#[derive(Debug, Clone)]
struct UnreadBody(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    chunks: BodyDataStream,
    /// Whether the client is sending. One that sent `Expect: 100-continue` waits until the body is read.
    started: bool,
}

impl UnreadBody {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, axum::Error>>> {
        let mut inner = self.lock();
        inner.started = true;
        inner.chunks.poll_next_unpin(context)
    }

    async fn drain(self) {
        if !self.lock().started {
            return;
        }
        let unread = stream::poll_fn(|context| self.poll(context));
        let unread = unread.take_while(|read| future::ready(read.is_ok())).for_each(|_| future::ready(()));
        if tokio::time::timeout(DRAIN_TIMEOUT, unread).await.is_err() {
            tracing::debug!("refused client kept sending");
        }
    }
}
