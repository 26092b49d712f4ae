//! The limits of HTTP requests.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use collabry_shared::auth::Email;
use collabry_shared::ids::UserId;
use collabry_shared::limits::{Decision, LimitStatus, Rule};
use hyper::body::{Frame, SizeHint};

use super::{Client, Reading, account, check, headers, refusal, routes};
use crate::audit::Trail;
use crate::auth::Identity;
use crate::http::{ApiError, ApiResult};
use crate::state::ApiState;

/// A request that is being checked, and the state of the limits that it counted against.
#[derive(Debug, Clone)]
pub struct Attempt {
    client: Client,
    standings: Arc<Mutex<Vec<LimitStatus>>>,
}

impl Attempt {
    /// Counts an attempt to sign in, whether it succeeds or not.
    pub async fn sign_in(&self, state: &ApiState, email: Option<&Email>) -> ApiResult<()> {
        let mut rules = vec![(Rule::Anonymous, self.client.to_string())];
        if let Some(email) = email {
            let account = account(email);
            rules.push((Rule::SignIn, format!("{}:{account}", self.client)));
            rules.push((Rule::Account, account));
        }
        self.count(state, &rules).await
    }

    async fn count(&self, state: &ApiState, rules: &[(Rule, String)]) -> ApiResult<()> {
        let (standings, counted) = match check(state, rules).await? {
            Decision::Allowed(standings) => (standings, Ok(())),
            Decision::Refused(standing) => (vec![standing], Err(refusal(&standing))),
        };
        *self.standings.lock().unwrap_or_else(PoisonError::into_inner) = standings;
        counted
    }
}

impl FromRequestParts<ApiState> for Attempt {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, ApiError> {
        let attempt = parts.extensions.get::<Self>().cloned();
        attempt.ok_or_else(|| ApiError::internal("a route outside of the limits"))
    }
}

/// Middleware: counts the request against all its limits at once, and reports their state in headers.
pub async fn apply(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(client) = parts.extensions.get::<Client>().copied() else {
        return ApiError::internal("a request without a client").into_response();
    };
    let attempt = Attempt { client, standings: Arc::default() };
    let user = Identity::named(&parts.headers, &state).ok().map(|identity| identity.user_id);
    if let (Some(trail), Some(user)) = (parts.extensions.get::<Trail>(), user) {
        trail.by(user);
    }
    let counted = match rules(&parts, client, user) {
        Some(rules) => attempt.count(&state, &rules).await,
        None => Ok(()),
    };
    let reader = user.filter(|_| parts.method == Method::GET && !waits(&parts));
    let mut response = match counted {
        Ok(()) => {
            parts.extensions.insert(attempt.clone());
            read_by(&state, reader, next.run(Request::from_parts(parts, body)))
                .await
                .unwrap_or_else(ApiError::into_response)
        }
        Err(error) => error.into_response(),
    };
    let standings = attempt.standings.lock().unwrap_or_else(PoisonError::into_inner);
    headers::write(response.headers_mut(), &standings);
    drop(standings);
    response
}

/// A request that waits for an event reads nothing until then, and little after it.
fn waits(parts: &Parts) -> bool {
    let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    path.is_some_and(routes::can_wait) && parts.uri.query().is_some_and(|query| query.contains("wait="))
}

/// The limits of a request; `None` when its handler counts.
fn rules(parts: &Parts, client: Client, user: Option<UserId>) -> Option<Vec<(Rule, String)>> {
    let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    if (&parts.method, path) == routes::SIGN_IN {
        return None;
    }
    let Some(user) = user else { return Some(vec![(Rule::Anonymous, client.to_string())]) };
    let also = routes::rule(&parts.method, path);
    Some([Some(Rule::Api), also].into_iter().flatten().map(|rule| (rule, user.to_string())).collect())
}

/// An answer that is held in memory keeps one of its reader's permits until it was sent.
async fn read_by(
    state: &ApiState,
    reader: Option<UserId>,
    answer: impl Future<Output = Response>,
) -> ApiResult<Response> {
    let Some(reader) = reader else { return Ok(answer.await) };
    let reading = state.reads.begin(reader).await?;
    let response = answer.await;
    let streams = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| {
        // Streams are never held in memory as a whole, and may take any time.
        kind.as_bytes().starts_with(b"text/event-stream")
    }) || response.headers().contains_key(header::ACCEPT_RANGES);
    Ok(if streams { response } else { response.map(|body| Body::new(Held { body, _reading: reading })) })
}

/// A body that keeps its reader's permit.
struct Held {
    body: Body,
    _reading: Reading,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
