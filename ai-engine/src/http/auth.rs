//! Authenticates services by the service secret.

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use super::error_response::ErrorResponse;

const SCHEME: &[u8] = b"Bearer ";

/// Middleware that rejects requests without the secret.
pub async fn check(State(secret): State<SecretString>, request: Request, next: Next) -> Response {
    let header = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
    let token = header.and_then(|value| value.strip_prefix(SCHEME));
    // Compares in constant time, so that the secret cannot be guessed piece by piece.
    let authorized = token.is_some_and(|token| token.ct_eq(secret.expose_secret().as_bytes()).into());
    if authorized { next.run(request).await } else { ErrorResponse::unauthorized().into_response() }
}
