//! How Engine.IO refuses a request.

use axum::Json;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use super::head::PATH;

/// Its refusals are `{ code, message }` in some 60 bytes.
const MAX_BYTES: usize = 1024;

/// Makes `code` the number that the protocol asks for; engineioxide writes it as a string.
pub async fn number_the_code(request: Request, next: Next) -> Response {
    let ours = request.uri().path().starts_with(PATH);
    let response = next.run(request).await;
    if !ours || response.status() != StatusCode::BAD_REQUEST {
        return response;
    }
    let (parts, body) = response.into_parts();
    let read = to_bytes(body, MAX_BYTES).await.ok();
    let mut said: Value = read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    if let Some(number) = said["code"].as_str().and_then(|code| code.parse::<u8>().ok()) {
        said["code"] = number.into();
    }
    (parts.status, Json(said)).into_response()
}
