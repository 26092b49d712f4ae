//! JSON bodies, with our errors for what cannot be read.

use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::error::ApiError;

/// Largest JSON body: a message of 16,000 code points with room for its escapes.
pub const MAX_JSON_BYTES: usize = 256 * 1024;

/// For a body of that size, over any network that people would call one.
const IN_TIME: Duration = Duration::from_secs(30);

/// A request body. Answers are plain [`axum::Json`].
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match timeout(IN_TIME, axum::Json::<T>::from_request(request, state)).await {
            Ok(Ok(axum::Json(value))) => Ok(Self(value)),
            Ok(Err(rejection)) => Err(explain(&rejection)),
            Err(_) => Err(ApiError::new(
                StatusCode::REQUEST_TIMEOUT,
                "body_too_slow",
                "The body did not come in time. Send it again.",
            )),
        }
    }
}

/// `text` is what axum says: a preamble about types, what is wrong, and where.
pub fn does_not_fit(part: &str, text: &str) -> ApiError {
    let reason = text.split_once(": ").map_or(text, |(_, reason)| reason);
    let reason = reason.split(" at line ").next().unwrap_or(reason);
    // The names of our types mean nothing to who sent it.
    let reason = reason
        .split_once("expected struct ")
        .map_or_else(|| reason.to_owned(), |(found, _)| format!("{found}expected an object"));
    ApiError::invalid("validation", format!("The {part} does not fit: {reason}."))
}

fn explain(rejection: &JsonRejection) -> ApiError {
    match rejection {
        JsonRejection::MissingJsonContentType(_) => ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "json_expected",
            "Send the body as JSON with Content-Type: application/json.",
        ),
        JsonRejection::JsonDataError(error) => does_not_fit("body", &error.body_text()),
        JsonRejection::JsonSyntaxError(_) => {
            ApiError::new(StatusCode::BAD_REQUEST, "json_malformed", "The body is not valid JSON.")
        }
        other if other.status() == StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload_too_large",
            format!("The body is larger than {} KiB. Add long text as a source instead.", MAX_JSON_BYTES / 1024),
        ),
        _ => ApiError::new(StatusCode::BAD_REQUEST, "body_unreadable", "The body cannot be read. Send it again."),
    }
}
