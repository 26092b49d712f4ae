//! A real HTTP server that speaks Ollama's, `OpenAI`'s and Anthropic's chat protocols and says what a script tells it.
//!
//! - `POST /api/chat`, `GET /api/tags`: Ollama.
//! - `POST /v1/chat/completions`, `GET /v1/models`: `OpenAI`.
//! - `POST /anthropic/v1/messages`, `GET /anthropic/v1/models`: Anthropic.
//! - `POST /script`: a JSON list of [`Reply`], one for each of the next chat requests. When it is used up, the name of
//!   the model is the script: see [`Reply::from_model`].
//! - `POST /go`: sends the `rest` of the replies that wait with it.
//! - `POST /listing`: a [`Reply`] whose status, `first`, body and `raw` hold for all lists of models from now on.
//! - `GET /requests`: what was asked so far, oldest first, as `{ path, authorization, body }`.

mod script;
mod wire;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use futures::StreamExt as _;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use self::script::{Ending, Reply};
use self::wire::Protocol;

/// Headers with a key, as Anthropic and Azure have them.
const API_KEYS: [&str; 2] = ["x-api-key", "api-key"];

/// What somebody asked.
#[derive(Debug, Clone, Serialize)]
pub struct Asked {
    pub path: String,
    /// The header of this name or, as Anthropic and Azure have it, `x-api-key` or `api-key` and its value.
    pub authorization: Option<String>,
    /// Null for a list.
    pub body: Value,
}

#[derive(Debug, Default)]
struct Inner {
    script: VecDeque<Reply>,
    listing: Reply,
    asked: Vec<Asked>,
    count: watch::Sender<usize>,
    go: watch::Sender<usize>,
    /// Answers that are being sent.
    sending: watch::Sender<usize>,
}

/// An answer that is being sent: it ends with its connection.
struct Sending(watch::Sender<usize>);

impl Sending {
    fn begin(sending: &watch::Sender<usize>) -> Self {
        sending.send_modify(|count| *count += 1);
        Self(sending.clone())
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// The server's state; clones are the same server.
#[derive(Debug, Clone, Default)]
pub struct Provider(Arc<Mutex<Inner>>);

impl Provider {
    /// Serves on a port of its own, until the runtime ends; returns the address.
    pub async fn start(&self) -> std::io::Result<SocketAddr> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        tokio::spawn(axum::serve(listener, self.router()).into_future());
        Ok(address)
    }

    pub fn router(&self) -> Router {
        Router::new()
            .route("/api/chat", post(ollama))
            .route("/api/tags", get(tags))
            .route("/v1/chat/completions", post(openai))
            .route("/v1/models", get(models))
            .route("/anthropic/v1/messages", post(anthropic))
            .route("/anthropic/v1/models", get(anthropic_models))
            .route("/script", post(set_script))
            .route("/listing", post(set_listing))
            .route("/go", post(go))
            .route("/requests", get(requests))
            .with_state(self.clone())
            .layer(middleware::from_fn(close))
    }

    /// Replies to the next chat requests, in order.
    pub fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.inner().script = replies.into_iter().collect();
    }

    /// Lets those go on that wait with the `rest` of a reply.
    pub fn go(&self) {
        self.inner().go.send_modify(|times| *times += 1);
    }

    /// How lists of models are answered from now on.
    pub fn listing(&self, reply: Reply) {
        self.inner().listing = reply;
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.inner().asked.clone()
    }

    /// Returns when `count` requests have come in all.
    pub async fn until_asked(&self, count: usize) {
        let mut asked = self.inner().count.subscribe();
        // The sender lives as long as we do.
        let _ = asked.wait_for(|asked| *asked >= count).await;
    }

    /// Returns when no answer is being sent: each came to its end, or whoever asked closed the connection.
    pub async fn until_idle(&self) {
        let mut sending = self.inner().sending.subscribe();
        let _ = sending.wait_for(|sending| *sending == 0).await;
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes down a request; a chat gets the next reply of the script in the same step.
    fn note(&self, path: &str, headers: &HeaderMap, body: Value) -> Option<Reply> {
        let header = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let api_key = || API_KEYS.into_iter().find_map(|name| header(name).map(|key| format!("{name} {key}")));
        let authorization = header(AUTHORIZATION.as_str()).map(str::to_owned).or_else(api_key);
        let mut inner = self.inner();
        let reply = if body.is_null() { None } else { inner.script.pop_front() };
        inner.asked.push(Asked { path: path.to_owned(), authorization, body });
        inner.count.send_replace(inner.asked.len());
        reply
    }

    async fn chat(&self, path: &str, headers: &HeaderMap, body: Value, protocol: Protocol) -> Response {
        let model = body["model"].as_str().unwrap_or_default().to_owned();
        let scripted = self.note(path, headers, body);
        let Some(reply) = scripted.or_else(|| Reply::from_model(&model)) else {
            let error =
                json!({ "error": { "message": format!("model '{model}' not found"), "code": "model_not_found" } });
            return (StatusCode::NOT_FOUND, Json(error)).into_response();
        };
        if reply.status != 200 {
            tokio::time::sleep(Duration::from_millis(reply.first)).await;
            return refusal(&reply);
        }
        let go = self.inner().go.subscribe();
        let content_type = reply.content_type.clone().unwrap_or_else(|| protocol.content_type().to_owned());
        let sending = Sending::begin(&self.inner().sending);
        let body = wire::body(&reply, protocol, go).into_data_stream().inspect(move |_| {
            let _sent = &sending;
        });
        ([(CONTENT_TYPE, content_type)], Body::from_stream(body)).into_response()
    }

    async fn list(&self, path: &str, headers: &HeaderMap, list: Value) -> Response {
        self.note(path, headers, Value::Null);
        let reply = self.inner().listing.clone();
        tokio::time::sleep(Duration::from_millis(reply.first)).await;
        match reply.raw {
            _ if reply.status != 200 => refusal(&reply),
            Some(raw) => ([(CONTENT_TYPE, "application/json")], raw).into_response(),
            None => Json(list).into_response(),
        }
    }
}

/// A connection of its own for each request: dropping one disturbs no other.
async fn close(request: Request, next: middleware::Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert("connection", HeaderValue::from_static("close"));
    response
}

fn refusal(reply: &Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, reply.body.clone()).into_response();
    if let Some(value) = reply.retry_after.as_deref().and_then(|text| text.parse().ok()) {
        response.headers_mut().insert(RETRY_AFTER, value);
    }
    response
}

async fn ollama(State(provider): State<Provider>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    provider.chat("/api/chat", &headers, body, Protocol::Ollama).await
}

async fn openai(State(provider): State<Provider>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    provider.chat("/v1/chat/completions", &headers, body, Protocol::OpenAi).await
}

async fn anthropic(State(provider): State<Provider>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    provider.chat("/anthropic/v1/messages", &headers, body, Protocol::Anthropic).await
}

async fn tags(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    let list = json!({ "models": [
        { "name": "scripted", "details": { "family": "llama" } },
        { "name": "scripted:tokens=200,between=20", "details": { "family": "llama" } },
        { "name": "all-minilm:latest", "details": { "family": "bert" } },
    ] });
    provider.list("/api/tags", &headers, list).await
}

async fn models(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    let list = json!({ "object": "list", "data": [
        { "id": "scripted", "object": "model" },
        { "id": "scripted:tokens=200,between=20", "object": "model" },
    ] });
    provider.list("/v1/models", &headers, list).await
}

async fn anthropic_models(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    let list = json!({ "has_more": false, "data": [
        { "type": "model", "id": "scripted", "display_name": "Scripted" },
        { "type": "model", "id": "scripted:tokens=200,between=20", "display_name": "Scripted, slowly" },
    ] });
    provider.list("/anthropic/v1/models", &headers, list).await
}

async fn set_script(State(provider): State<Provider>, Json(replies): Json<Vec<Reply>>) {
    provider.script(replies);
}

async fn set_listing(State(provider): State<Provider>, Json(reply): Json<Reply>) {
    provider.listing(reply);
}

async fn go(State(provider): State<Provider>) {
    provider.go();
}

async fn requests(State(provider): State<Provider>) -> Json<Vec<Asked>> {
    Json(provider.asked())
}
