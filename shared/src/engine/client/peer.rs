//! One engine over HTTP.

use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::{Client, Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use tracing::Instrument as _;
use url::Url;

use super::breaker::{Breaker, Permit};
use crate::engine::EngineError;
use crate::engine::wire::{self, Code, ErrorBody};
use crate::health::DependencyStatus;
use crate::health::Readiness;
use crate::storage::StoreError;
use crate::telemetry::trace;

/// A request, made of any engine.
pub struct Call {
    pub method: Method,
    pub path: String,
    /// JSON.
    pub body: Option<Bytes>,
    /// For all of it, connecting included.
    pub deadline: Duration,
}

/// Why an engine did not do what it was asked.
pub enum CallError {
    /// Another engine may do it.
    Next(EngineError),
    /// Every engine would say the same.
    Last(EngineError),
}

pub struct Peer {
    pub url: Url,
    pub breaker: Breaker,
    pub http: Client,
    pub secret: SecretString,
}

impl Peer {
    /// Host and port, for the log and for `/ready`.
    pub fn name(&self) -> &str {
        &self.url[url::Position::BeforeHost..url::Position::AfterPort]
    }

    /// Makes the call; the answer of one without a body is `()`.
    pub async fn call<T: DeserializeOwned>(&self, permit: Permit<'_>, call: &Call) -> Result<T, CallError> {
        let span = tracing::error_span!("ask ai-engine", otel.kind = "client", engine = self.name(), path = call.path);
        let (status, body) = match self.send(call).instrument(span).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.unreachable(permit, &reason(&error))),
        };
        if status.is_success() {
            let body: &[u8] = if body.is_empty() { b"null" } else { &body };
            return match serde_json::from_slice(body) {
                Ok(answer) => {
                    permit.answered();
                    Ok(answer)
                }
                Err(error) => Err(self.unreachable(permit, &format!("an answer that is not ours: {error}"))),
            };
        }
        match serde_json::from_slice::<ErrorBody>(&body) {
            Ok(problem) if problem.code != Code::Unauthorized => {
                permit.answered();
                Err(refused(problem))
            }
            Ok(_) => Err(self.unreachable(permit, "it has another COLLABRY_SERVICE_SECRET")),
            Err(_) => Err(self.unreachable(permit, &format!("status {status}, and not from an ai-engine"))),
        }
    }

    /// The engine and, one by one, what it misses.
    pub async fn ready(&self, deadline: Duration) -> Vec<DependencyStatus> {
        let begun = Instant::now();
        let permit = self.breaker.enter_anyway();
        let call = Call { method: Method::GET, path: wire::READY.to_owned(), body: None, deadline };
        let answer = self.send(&call).await.map_err(|error| reason(&error));
        let readiness = answer.and_then(|(status, body)| {
            serde_json::from_slice::<Readiness>(&body)
                .map_err(|_| format!("status {status}, and not from an ai-engine"))
        });
        let latency_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let name = format!("ai-engine {}", self.name());
        let (ready, problem, missing) = match readiness {
            Ok(readiness) => {
                permit.answered();
                let missing = readiness.dependencies.into_iter().filter(|one| one.problem.is_some());
                let missing = missing.map(|one| DependencyStatus {
                    name: format!("{name}: {}", one.name),
                    required: false,
                    ..one
                });
                let problem = (!readiness.ready).then_some(if readiness.draining { "draining" } else { "not ready" });
                (readiness.ready, problem.map(str::to_owned), missing.collect())
            }
            Err(problem) => {
                self.unreachable(permit, &problem);
                (false, Some(problem), Vec::new())
            }
        };
        let mut statuses = vec![DependencyStatus { name, required: false, ready, latency_ms, problem }];
        statuses.extend(missing);
        statuses
    }

    async fn send(&self, call: &Call) -> reqwest::Result<(StatusCode, Bytes)> {
        let mut url = self.url.clone();
        url.set_path(&call.path);
        let mut request = self.http.request(call.method.clone(), url).timeout(call.deadline);
        request = request.bearer_auth(self.secret.expose_secret());
        if let Some(parent) = trace::current() {
            request = request.header(trace::TRACEPARENT, parent.to_string());
        }
        if let Some(body) = &call.body {
            request = request.header(reqwest::header::CONTENT_TYPE, "application/json").body(body.clone());
        }
        let answer = request.send().await?;
        Ok((answer.status(), answer.bytes().await?))
    }

    fn unreachable(&self, permit: Permit<'_>, reason: &str) -> CallError {
        permit.failed();
        tracing::warn!(engine = self.name(), reason, "an ai-engine cannot be used");
        CallError::Next(EngineError::Unreachable)
    }
}

fn refused(problem: ErrorBody) -> CallError {
    match problem.code {
        Code::EngineBusy => CallError::Next(EngineError::Busy),
        Code::RunsElsewhere => CallError::Next(EngineError::Unreachable),
        Code::StoreUnavailable => CallError::Next(StoreError::Unavailable(problem.detail).into()),
        Code::Unauthorized | Code::RequestInvalid | Code::NotFound | Code::Internal => {
            CallError::Last(EngineError::Internal(problem.detail))
        }
    }
}

/// What went wrong, without the address.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        "the connection broke".to_owned()
    }
}
