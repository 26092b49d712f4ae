//! Error responses: RFC 9457 problem details with a stable code.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use collabry_shared::engine::EngineError;
use collabry_shared::engine::wire::{self, Code};
use collabry_shared::storage::StoreError;
use collabry_shared::telemetry::trace;

/// Seconds after which an engine at capacity may accept work again.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

#[derive(Debug)]
pub struct ErrorResponse {
    status: StatusCode,
    code: Code,
    detail: String,
}

impl ErrorResponse {
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, Code::Unauthorized, "The service secret is missing or wrong.")
    }

    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, Code::NotFound, "There is nothing at this address.")
    }

    pub fn method_not_allowed() -> Self {
        let detail = "This address does not take that method.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, Code::RequestInvalid, detail)
    }

    fn new(status: StatusCode, code: Code, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into() }
    }
}

impl From<EngineError> for ErrorResponse {
    fn from(error: EngineError) -> Self {
        let detail = error.to_string();
        match error {
            EngineError::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::EngineBusy, detail),
            EngineError::Unreachable => {
                Self::new(StatusCode::CONFLICT, Code::RunsElsewhere, "Another engine runs this generation.")
            }
            EngineError::Store(StoreError::Unavailable(_) | StoreError::Full(_) | StoreError::Redis(_)) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::StoreUnavailable, detail)
            }
            EngineError::Store(_) | EngineError::Internal(_) => {
                tracing::error!(error = detail, "request failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, detail)
            }
        }
    }
}

impl From<JsonRejection> for ErrorResponse {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), Code::RequestInvalid, rejection.body_text())
    }
}

impl From<PathRejection> for ErrorResponse {
    fn from(rejection: PathRejection) -> Self {
        Self::new(rejection.status(), Code::RequestInvalid, rejection.body_text())
    }
}

impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        let body = wire::ErrorBody {
            kind: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            trace_id: trace::current_id().unwrap_or_default(),
            code: self.code,
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        response
    }
}
