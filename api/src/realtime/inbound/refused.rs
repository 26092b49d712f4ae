//! How Engine.IO refuses a request.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::Response;
use serde_json::Value;

use super::head::PATH;

/// Its refusals are `{ code, message }` in some 60 bytes, or empty.
const MAX_BYTES: usize = 1024;

/// Makes `code` the number that the protocol asks for; engineioxide writes it as a string.
pub async fn number_the_code(request: Request, next: Next) -> Response {
    let ours = request.uri().path().starts_with(PATH);
    let response = next.run(request).await;
    if !ours || response.status() != StatusCode::BAD_REQUEST {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let said = to_bytes(body, MAX_BYTES).await.unwrap_or_default();
    let said = numbered(&said).unwrap_or(said);
    parts.headers.insert(CONTENT_LENGTH, said.len().into());
    Response::from_parts(parts, Body::from(said))
}

/// `None`: there is no such code in it.
fn numbered(said: &Bytes) -> Option<Bytes> {
    let mut said: Value = serde_json::from_slice(said).ok()?;
    let number: u8 = said.get("code")?.as_str()?.parse().ok()?;
    said["code"] = number.into();
    Some(said.to_string().into())
}
