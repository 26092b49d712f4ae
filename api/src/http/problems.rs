//! Writes every error as `application/problem+json` (RFC 9457), with the request's id.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use collabry_shared::telemetry::trace;
use serde::Serialize;
use tower_http::request_id::RequestId;
use utoipa::ToSchema;

use super::code::Code;
use super::error::{ApiError, FieldError};

pub const PROBLEM_JSON: &str = "application/problem+json";
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem<'a> {
    /// `about:blank`: the code says it all.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'a str,
    #[schema(example = "Not Found")]
    title: &'a str,
    #[schema(example = 404)]
    status: u16,
    /// A sentence for people.
    detail: &'a str,
    /// Stable, for machines.
    #[schema(example = "not_found")]
    code: &'a str,
    request_id: &'a str,
    /// The trace that it happened in, as in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "0af7651916cd43dd8448eb211c80319c")]
    trace_id: Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

/// Middleware: the body for errors that handlers returned and for those that layers made without one.
pub async fn render(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().map(|id| id.header_value().clone());
    let path = request.uri().path();
    let (under_api, of_sockets) = (under_api(path), path.starts_with("/socket.io/"));
    let mut response = next.run(request).await;
    let error = match response.extensions_mut().remove::<ApiError>() {
        Some(error) => error,
        // What else is wrong with a request of Socket.IO has a body of that protocol.
        None if of_sockets && response.status() == StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(),
        None if under_api && !has_body_of_ours(&response) => match bare(response.status()) {
            Some(error) => error,
            None => return response,
        },
        None => return response,
    };
    let request_id = id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or_default();
    if let Some(internal) = &error.internal {
        tracing::error!(code = error.code.name(), error = internal, "request failed");
    }
    write(response, &error, request_id)
}

/// Whether people or programs are answered: the rest is the web client's.
pub fn under_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

fn has_body_of_ours(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/"))
}

/// What a layer or the router said by status alone.
fn bare(status: StatusCode) -> Option<ApiError> {
    match status {
        StatusCode::NOT_FOUND => Some(ApiError::not_found()),
        StatusCode::METHOD_NOT_ALLOWED => Some(ApiError::from(Code::MethodNotAllowed)),
        StatusCode::PAYLOAD_TOO_LARGE => Some(ApiError::too_large()),
        StatusCode::INTERNAL_SERVER_ERROR => Some(ApiError::internal("a handler panicked")),
        other if other.is_client_error() => Some(ApiError { status: other, ..Code::RequestInvalid.into() }),
        _ => None,
    }
}

fn write(response: Response, error: &ApiError, request_id: &str) -> Response {
    let problem = Problem {
        kind: "about:blank",
        title: error.status.canonical_reason().unwrap_or("Error"),
        status: error.status.as_u16(),
        detail: &error.detail,
        code: error.code.name(),
        request_id,
        trace_id: trace::current_id(),
        errors: &error.fields,
    };
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let (mut parts, _) = response.into_parts();
    parts.status = error.status;
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    if error.status == StatusCode::UNAUTHORIZED {
        parts.headers.insert(header::WWW_AUTHENTICATE, challenge(error.code));
    }
    if let Some(seconds) = error.retry_after {
        parts.headers.insert(header::RETRY_AFTER, seconds.into());
    }
    Response::from_parts(parts, Body::from(body))
}

/// RFC 9110, 15.5.2, and RFC 6750, 3: what would have been needed, and what is wrong with what was brought.
fn challenge(code: Code) -> HeaderValue {
    HeaderValue::from_static(match code {
        Code::TokenInvalid => {
            r#"Bearer realm="collabry", error="invalid_token", error_description="The access token is not valid""#
        }
        Code::TokenExpired => {
            r#"Bearer realm="collabry", error="invalid_token", error_description="The access token has expired""#
        }
        _ => r#"Bearer realm="collabry""#,
    })
}
