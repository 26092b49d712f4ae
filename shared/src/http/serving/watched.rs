//! Tells a connection when a request begins and when its answer has left.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::Service;
use hyper::{Request, Response, StatusCode};

use super::Line;

#[derive(Debug)]
pub struct Watched<S> {
    service: S,
    line: Line,
}

impl<S> Watched<S> {
    pub fn new(service: S, line: Line) -> Self {
        Self { service, line }
    }
}

impl<S, B> Service<Request<Incoming>> for Watched<S>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S::Future: Send + 'static,
    B: Send + 'static,
{
    type Response = Response<Answer<B>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.line.asked();
        let leaves = Leaves(self.line.clone());
        let answer = self.service.call(request);
        async move {
            let response = answer.await?;
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                leaves.0.upgraded();
            }
            Ok(response.map(|body| Answer { body: Box::pin(body), _leaves: leaves }))
        }
        .boxed()
    }
}

/// When it is dropped the answer has left, or there is none.
#[derive(Debug)]
struct Leaves(Line);

impl Drop for Leaves {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// An answer on its way.
#[derive(Debug)]
pub struct Answer<B> {
    body: Pin<Box<B>>,
    _leaves: Leaves,
}

impl<B: Body> Body for Answer<B> {
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
