//! Who may ask.

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use super::problem::Problem;

const SCHEME: &[u8] = b"Bearer ";

/// Middleware: lets through what brings the secret.
pub async fn check(State(secret): State<SecretString>, request: Request, next: Next) -> Response {
    let header = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
    let token = header.and_then(|value| value.strip_prefix(SCHEME));
    // Takes the same time wherever the first difference is, so that the secret cannot be found piece by piece.
    let knows = token.is_some_and(|token| token.ct_eq(secret.expose_secret().as_bytes()).into());
    if knows { next.run(request).await } else { Problem::unauthorized().into_response() }
}
