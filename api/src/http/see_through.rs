//! Sees every request through: its handler comes to its end also when the client leaves half way, and a client that is
//! refused half way gets to read why.

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
const LINGER: Duration = Duration::from_secs(5);

/// The handlers that run.
#[derive(Debug, Clone, Default)]
pub struct Handlers {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Handlers {
    /// Ends those that still run and waits until they have.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Middleware: runs the rest in a task of its own, so that no chain of writes ends in its middle.
pub async fn see_through(State(handlers): State<Handlers>, request: Request, next: Next) -> Response {
    let (request, rest) = share_body(request);
    let (answer, answered) = oneshot::channel();
    let work = async move {
        let response = next.run(request).await;
        // A client that has gone has nothing more to send either.
        if answer.send(response).is_ok() {
            rest.linger().await;
        }
    };
    handlers.tasks.spawn(handlers.stop.clone().run_until_cancelled_owned(work).in_current_span());
    // No answer: the server has stopped.
    answered.await.unwrap_or_else(|_| ApiError::busy().into_response())
}

fn share_body(request: Request) -> (Request, Rest) {
    let waits_for_leave = request.headers().contains_key(EXPECT);
    let (parts, body) = request.into_parts();
    let rest = Rest(Arc::new(Mutex::new(Inner { chunks: body.into_data_stream(), begun: !waits_for_leave })));
    let shared = rest.clone();
    let body = Body::from_stream(stream::poll_fn(move |context| shared.poll(context)));
    (Request::from_parts(parts, body), rest)
}

/// A request's body as far as it has not been read.
#[derive(Debug, Clone)]
struct Rest(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    chunks: BodyDataStream,
    /// Whether the client sends. One that said `Expect: 100-continue` waits until somebody reads.
    begun: bool,
}

impl Rest {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, axum::Error>>> {
        let mut inner = self.lock();
        inner.begun = true;
        inner.chunks.poll_next_unpin(context)
    }

    async fn linger(self) {
        if !self.lock().begun {
            return;
        }
        let rest = stream::poll_fn(|context| self.poll(context));
        let rest = rest.take_while(|read| future::ready(read.is_ok())).for_each(|_| future::ready(()));
        if tokio::time::timeout(LINGER, rest).await.is_err() {
            tracing::debug!("a refused client kept sending");
        }
    }
}
