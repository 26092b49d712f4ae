//! Tracks in a connection's state when a request starts and when its response was sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::Service;
use hyper::{Request, Response, StatusCode};

use super::ConnectionState;

#[derive(Debug)]
pub struct TrackedService<S> {
    service: S,
    state: ConnectionState,
}

impl<S> TrackedService<S> {
    pub fn new(service: S, state: ConnectionState) -> Self {
        Self { service, state }
    }
}

impl<S, B> Service<Request<Incoming>> for TrackedService<S>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S::Future: Send + 'static,
    B: Send + 'static,
{
    type Response = Response<TrackedBody<B>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.state.request_started();
        let guard = ResponseGuard(self.state.clone());
        let answer = self.service.call(request);
        async move {
            let response = answer.await?;
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                guard.0.upgraded();
            }
            Ok(response.map(|body| TrackedBody { body: Box::pin(body), _guard: guard }))
        }
        .boxed()
    }
}

/// Dropped when the response was sent, or when there is none.
#[derive(Debug)]
struct ResponseGuard(ConnectionState);

impl Drop for ResponseGuard {
    fn drop(&mut self) {
        self.0.response_sent();
    }
}

/// The body of a response that is being sent.
#[derive(Debug)]
pub struct TrackedBody<B> {
    body: Pin<Box<B>>,
    _guard: ResponseGuard,
}

impl<B: Body> Body for TrackedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.body.as_mut().poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
