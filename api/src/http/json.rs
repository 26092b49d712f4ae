//! JSON bodies, with our errors for what cannot be read.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Bytes, to_bytes};
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use tokio::time::timeout;
use utoipa::ToSchema;

use super::code::Code;
use super::error::{ApiError, ApiResult};
use super::shape;

/// Largest JSON body: a message of 16,000 code points with room for its escapes.
pub const MAX_JSON_BYTES: usize = 256 * 1024;

/// For a body of that size, over any network that people would call one.
const IN_TIME: Duration = Duration::from_secs(30);

/// A request body: a JSON object. Answers are plain [`axum::Json`].
#[derive(Debug)]
pub struct Body<T>(pub T);

/// Something shared, as JSON: an answer does not need a copy of its own.
#[derive(Debug)]
pub struct Shared<T>(pub Arc<T>);

impl<T: Serialize> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        T::serialize(&self.0, serializer)
    }
}

impl<T: DeserializeOwned + ToSchema, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        in_plain_utf8(request.headers())?;
        // Whoever has nothing to say need not say it in JSON.
        if !request.headers().contains_key(header::CONTENT_TYPE) {
            let body = timeout(IN_TIME, to_bytes(request.into_body(), 1)).await;
            let nothing = matches!(body, Ok(Ok(bytes)) if bytes.is_empty());
            return if nothing { read(&json!({})).map(Self) } else { Err(expected()) };
        }
        match timeout(IN_TIME, axum::Json::<Value>::from_request(request, state)).await {
            Ok(Ok(axum::Json(value))) => read(&value).map(Self),
            Ok(Err(rejection)) => Err(explain(&rejection)),
            Err(_) => Err(too_slow()),
        }
    }
}

/// The whole body, of any kind, within the bounds of one of JSON.
pub async fn bytes(body: axum::body::Body) -> ApiResult<Bytes> {
    match timeout(IN_TIME, to_bytes(body, MAX_JSON_BYTES)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if error.source().is_some_and(<dyn Error>::is::<LengthLimitError>) => Err(too_large()),
        Ok(Err(_)) => Err(unreadable()),
        Err(_) => Err(too_slow()),
    }
}

fn too_slow() -> ApiError {
    ApiError::from(Code::BodyTooSlow)
}

fn too_large() -> ApiError {
    let detail = format!("The body is larger than {} KiB. Add long text as a source instead.", MAX_JSON_BYTES / 1024);
    ApiError::new(Code::PayloadTooLarge, detail)
}

fn unreadable() -> ApiError {
    ApiError::from(Code::BodyUnreadable)
}

/// [`axum::Json`] would read whatever it is as UTF-8.
pub fn in_plain_utf8(headers: &HeaderMap) -> ApiResult<()> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    let encoding = text(header::CONTENT_ENCODING);
    let kind = text(header::CONTENT_TYPE);
    let charset = kind.split(';').find_map(|part| part.trim().strip_prefix("charset=")).unwrap_or("utf-8");
    if matches!(encoding.as_str(), "" | "identity")
        && matches!(charset.trim_matches('"'), "utf-8" | "utf8" | "us-ascii")
    {
        return Ok(());
    }
    Err(ApiError::from(Code::EncodingUnsupported))
}

/// Only an object has fields with names: values of an array would be taken by their place, which is no part of the contract.
fn read<T: DeserializeOwned + ToSchema>(value: &Value) -> ApiResult<T> {
    let Value::Object(fields) = value else {
        return Err(ApiError::new(Code::Validation, "The body is a JSON object with the fields of the operation."));
    };
    let wrong = shape::of_body::<T>(fields);
    if !wrong.is_empty() {
        return Err(ApiError::fields(wrong));
    }
    T::deserialize(value).map_err(|error| {
        tracing::debug!(%error, "a body that does not fit");
        does_not_fit("body")
    })
}

/// Reads a field that is there into `Some`, null included: with `default`, one that is not there is `None`.
pub fn there<'de, T: Deserialize<'de>, D: Deserializer<'de>>(field: D) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

/// What no schema tells.
pub fn does_not_fit(part: &str) -> ApiError {
    ApiError::new(Code::Validation, format!("The {part} does not fit this operation."))
}

fn expected() -> ApiError {
    ApiError::from(Code::JsonExpected)
}

fn explain(rejection: &JsonRejection) -> ApiError {
    match rejection {
        JsonRejection::MissingJsonContentType(_) => expected(),
        JsonRejection::JsonDataError(_) | JsonRejection::JsonSyntaxError(_) => ApiError::from(Code::JsonMalformed),
        other if other.status() == StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => unreadable(),
    }
}
