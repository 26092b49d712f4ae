//! `ETag`, `If-None-Match` and `If-Match` (RFC 9110, 13) for whatever is answered as JSON: whoever polls is not sent again
//! what they have, and of two who change the same thing the second one hears of the first.

use axum::body::{Body, HttpBody as _};
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::error::ApiError;

/// Larger answers are streams; no list or object of ours is.
const MAX_BYTES: u64 = 4 * 1024 * 1024;
const LIMITS: [HeaderName; 2] = [HeaderName::from_static("ratelimit"), HeaderName::from_static("ratelimit-policy")];
const MAX_BYTES_IN_MEMORY: usize = 4 * 1024 * 1024;
/// Of a hash: enough that no two states of one thing meet.
const TAG_BYTES: usize = 15;

/// Middleware: what is read has a tag, and is not sent to whoever has it.
pub async fn if_none_match(request: Request, next: Next) -> Response {
    let is_head = *request.method() == Method::HEAD;
    if *request.method() != Method::GET && !is_head {
        return next.run(request).await;
    }
    let wanted = request.headers().get(header::IF_NONE_MATCH).cloned();
    // A tag is that of the content, which the answer to HEAD does not have.
    let asked = if is_head { whole(request) } else { request };
    let response = tagged(next.run(asked).await).await;
    let tag = response.headers().get(header::ETAG).filter(|_| response.status() == StatusCode::OK);
    let known = wanted.zip(tag).is_some_and(|(wanted, tag)| names(&wanted, tag));
    match (known, is_head) {
        (true, _) => not_modified(response),
        (false, true) => without_body(response),
        (false, false) => response,
    }
}

fn whole(mut request: Request) -> Request {
    *request.method_mut() = Method::GET;
    request
}

fn without_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(bytes) = body.size_hint().exact() {
        parts.headers.entry(header::CONTENT_LENGTH).or_insert_with(|| bytes.into());
    }
    Response::from_parts(parts, Body::empty())
}

/// What the caller of a `PUT`, `PATCH` or `DELETE` with `If-Match` has seen, as it was sent.
#[derive(Debug, Clone)]
struct AsSent(Bytes);

/// What the caller has seen of what is to be changed, when the request is only for that: it goes into the write, because
/// another replica may change it between the look of [`if_match`] and the write.
#[derive(Debug)]
pub struct Seen<T>(pub Option<T>);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Seen<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let sent = parts.extensions.get::<AsSent>();
        sent.map(|AsSent(bytes)| serde_json::from_slice(bytes)).transpose().map(Self).map_err(ApiError::internal)
    }
}

/// Middleware around the router: what has changed since it was read is not changed by whoever has not seen that.
pub async fn if_match(request: Request, next: Next) -> Response {
    let changes = [Method::PUT, Method::PATCH, Method::DELETE].contains(request.method());
    let Some(wanted) = request.headers().get(header::IF_MATCH).filter(|_| changes).cloned() else {
        return next.run(request).await;
    };
    let (mut parts, body) = request.into_parts();
    let current = next.clone().run(look(&parts)).await;
    match current.headers().get(header::ETAG) {
        Some(tag) if current.status() == StatusCode::OK && names(&wanted, tag) => {
            // `*` is for whatever is there.
            if wanted != "*" {
                let Ok(seen) = axum::body::to_bytes(current.into_body(), MAX_BYTES_IN_MEMORY).await else {
                    return ApiError::internal("an answer that cannot be read").into_response();
                };
                parts.extensions.insert(AsSent(seen));
            }
            next.run(Request::from_parts(parts, body)).await
        }
        // Who may not see it, or is not signed in, hears that.
        _ if current.status().is_client_error() && current.status() != StatusCode::METHOD_NOT_ALLOWED => current,
        _ => changed(current.headers()),
    }
}

/// With what the look at it has cost.
fn changed(looked: &HeaderMap) -> Response {
    let mut response = ApiError::changed().into_response();
    for name in LIMITS {
        if let Some(value) = looked.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// The request for what is to be changed, as the same caller.
fn look(parts: &Parts) -> Request {
    let mut parts = parts.clone();
    parts.method = Method::GET;
    for name in [header::CONTENT_LENGTH, header::CONTENT_TYPE, header::TRANSFER_ENCODING, header::EXPECT] {
        parts.headers.remove(name);
    }
    for name in [header::ACCEPT_ENCODING, header::IF_NONE_MATCH, header::RANGE] {
        parts.headers.remove(name);
    }
    Request::from_parts(parts, Body::empty())
}

/// With a tag of its content, where it has none of its own.
async fn tagged(response: Response) -> Response {
    let is_json = |headers: &HeaderMap| {
        headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
    };
    let small = response.body().size_hint().upper().is_some_and(|bytes| bytes <= MAX_BYTES);
    let has_tag = response.headers().contains_key(header::ETAG);
    if response.status() != StatusCode::OK || !is_json(response.headers()) || !small || has_tag {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, MAX_BYTES_IN_MEMORY).await else {
        return ApiError::internal("an answer that cannot be read").into_response();
    };
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(&bytes)[..TAG_BYTES]));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, tag);
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// Whether a list of tags has this one.
pub fn names(list: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(list), Ok(tag)) = (list.to_str(), tag.to_str()) else { return false };
    list.trim() == "*" || list.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
}

/// RFC 9110, 15.4.5: the headers that would have come with it, and no body.
pub fn not_modified(response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::CONTENT_TYPE);
    Response::from_parts(parts, Body::empty())
}
