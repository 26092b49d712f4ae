//! One provider's HTTP endpoint.

use std::error::Error as _;
use std::sync::Arc;

use collabry_shared::clock::Clock;
use collabry_shared::models::ModelInfo;
use collabry_shared::telemetry::trace;
use futures::StreamExt;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use reqwest::{RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use url::Url;

use super::refusal::{self, Refusal};
use super::reply::{self, Dialect};
use super::thoughts::ThinkFirst;
use super::{Answer, AnswerError, listing};

/// A list of a few thousand models takes about 1 MB.
const MAX_LIST_BYTES: usize = 4 * 1024 * 1024;

/// Error bodies are short; a longer one is not worth reading.
const MAX_ERROR_BYTES: usize = 16 * 1024;

/// How a request authenticates.
#[derive(Debug, Clone)]
pub(super) enum Auth {
    None,
    Bearer(SecretString),
    /// In a header of this name.
    Header(HeaderName, SecretString),
    /// In Anthropic's header, together with the one for the version of the protocol.
    Anthropic(SecretString),
}

const API_KEY: &str = "x-api-key";
const API_VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");

#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    client: reqwest::Client,
    base: Url,
    auth: Auth,
    clock: Arc<dyn Clock>,
    think_first: ThinkFirst,
}

impl Endpoint {
    pub fn new(base: Url, auth: Auth, clock: Arc<dyn Clock>) -> reqwest::Result<Self> {
        // A redirect would carry the key and the sources to another host.
        let client = collabry_shared::http::client().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { client, base, auth, clock, think_first: ThinkFirst::default() })
    }

    /// Reads a list of models.
    pub async fn list(
        &self,
        provider: &str,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Vec<ModelInfo>, AnswerError> {
        let mut url = self.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let response = self.send(self.client.get(url).header(ACCEPT, "application/json")).await?;
        let body = read_body(response, MAX_LIST_BYTES).await?;
        let list = super::json::read(&String::from_utf8_lossy(&body));
        let reported = list.as_ref().and_then(refusal::reported);
        let models = list.and_then(|list| listing::models(provider, &list));
        models.ok_or_else(|| reported.unwrap_or(AnswerError::Garbled { detail: "an unknown form of a list of models" }))
    }

    /// Asks a model, and streams its answer.
    pub async fn chat(
        &self,
        model: &str,
        path: &[&str],
        body: &impl Serialize,
        dialect: Dialect,
    ) -> Result<Answer, Refusal> {
        let response = self.send(self.client.post(self.url(path)).json(body)).await?;
        let html = |kind: &reqwest::header::HeaderValue| kind.as_bytes().starts_with(b"text/html");
        if response.headers().get(CONTENT_TYPE).is_some_and(html) {
            return Err(AnswerError::WrongAddress { status: response.status().as_u16() }.into());
        }
        Ok(reply::events(response, dialect, self.think_first.filter(model)))
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        // An http(s) address always has path segments.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Refusal> {
        let request = match &self.auth {
            Auth::None => request,
            Auth::Bearer(key) => request.bearer_auth(key.expose_secret()),
            Auth::Header(name, key) => request.header(name, key.expose_secret()),
            Auth::Anthropic(key) => request.header(API_KEY, key.expose_secret()).header(API_VERSION.0, API_VERSION.1),
        };
        let request = match trace::current() {
            Some(parent) => request.header(trace::TRACEPARENT, parent.to_string()),
            None => request,
        };
        let response = request.send().await.map_err(|error| transport_error(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read_body(response, MAX_ERROR_BYTES).await.unwrap_or_default();
        Err(refusal::refusal(status, &headers, &String::from_utf8_lossy(&body), self.clock.as_ref()))
    }
}

/// Reads a body of at most `limit` bytes.
async fn read_body(response: Response, limit: usize) -> Result<Vec<u8>, AnswerError> {
    let (mut body, mut chunks) = (Vec::new(), response.bytes_stream());
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.map_err(|_| AnswerError::CutOff)?);
        if body.len() > limit {
            return Err(AnswerError::Garbled { detail: "an oversized body" });
        }
    }
    Ok(body)
}

fn transport_error(error: &reqwest::Error) -> AnswerError {
    // The outermost error names only the address.
    let (mut causes, mut next) = (Vec::new(), error.source());
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    let detail = causes.join(": ");
    if error.is_builder() {
        AnswerError::Garbled { detail: "a key or address that is invalid in a request" }
    } else if detail.contains("certificate") {
        AnswerError::Untrusted { detail }
    } else if error.is_connect() || error.is_timeout() {
        AnswerError::Unreachable { detail }
    } else {
        AnswerError::CutOff
    }
}
