//! One provider's HTTP endpoint.

use std::sync::Arc;

use collabry_shared::clock::Clock;
use collabry_shared::telemetry::trace;
use futures::StreamExt;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::reply::{self, ParseLine};
use super::{Answer, AnswerError};

/// A list of a few thousand models is about 1 MB.
const MAX_LIST_BYTES: usize = 4 * 1024 * 1024;

/// Errors are short; what is longer is not worth reading.
const MAX_ERROR_BYTES: usize = 16 * 1024;

/// How a request says whose it is.
#[derive(Debug, Clone)]
pub(super) enum Auth {
    None,
    Bearer(SecretString),
    /// As Anthropic wants it: a header of its own, and the version of the protocol beside it.
    ApiKey(SecretString),
}

const API_KEY: &str = "x-api-key";
const API_VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");

#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    client: reqwest::Client,
    base: Url,
    auth: Auth,
    clock: Arc<dyn Clock>,
}

impl Endpoint {
    pub fn new(base: Url, auth: Auth, clock: Arc<dyn Clock>) -> reqwest::Result<Self> {
        // A redirect would carry the key and the sources to another host.
        let client = collabry_shared::http::client().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { client, base, auth, clock })
    }

    /// Reads a bounded JSON document.
    pub async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<T, AnswerError> {
        let mut url = self.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let response = self.send(self.client.get(url).header(ACCEPT, "application/json")).await?;
        let body = beginning(response, MAX_LIST_BYTES).await?;
        serde_json::from_slice(&body).map_err(|_| AnswerError::Garbled { detail: "a list of models of another form" })
    }

    /// Posts a request whose answer is a stream of lines.
    pub async fn stream(&self, path: &[&str], body: &impl Serialize, parse: ParseLine) -> Result<Answer, AnswerError> {
        let response = self.send(self.client.post(self.url(path)).json(body)).await?;
        let html = |kind: &reqwest::header::HeaderValue| kind.as_bytes().starts_with(b"text/html");
        if response.headers().get(CONTENT_TYPE).is_some_and(html) {
            return Err(AnswerError::WrongAddress { status: response.status().as_u16() });
        }
        Ok(reply::pieces(response, parse))
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        // An http(s) address always has path segments.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, AnswerError> {
        let request = match &self.auth {
            Auth::None => request,
            Auth::Bearer(key) => request.bearer_auth(key.expose_secret()),
            Auth::ApiKey(key) => request.header(API_KEY, key.expose_secret()).header(API_VERSION.0, API_VERSION.1),
        };
        let request = match trace::current() {
            Some(parent) => request.header(trace::TRACEPARENT, parent.to_string()),
            None => request,
        };
        let response = request.send().await.map_err(|error| transport(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let body = beginning(response, MAX_ERROR_BYTES).await.unwrap_or_default();
        Err(reply::refusal(status, &headers, &String::from_utf8_lossy(&body), self.clock.as_ref()))
    }
}

/// Reads a body of at most `limit` bytes.
async fn beginning(response: Response, limit: usize) -> Result<Vec<u8>, AnswerError> {
    let (mut body, mut chunks) = (Vec::new(), response.bytes_stream());
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.map_err(|_| AnswerError::CutOff)?);
        if body.len() > limit {
            return Err(AnswerError::Garbled { detail: "a body beyond all measure" });
        }
    }
    Ok(body)
}

fn transport(error: &reqwest::Error) -> AnswerError {
    if error.is_builder() {
        AnswerError::Garbled { detail: "a key or address that no request can carry" }
    } else if error.is_connect() || error.is_timeout() {
        AnswerError::Unreachable
    } else {
        AnswerError::CutOff
    }
}
