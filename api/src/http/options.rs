//! `OPTIONS` says which methods an address takes (RFC 9110, 9.3.7).

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

/// Middleware around the router, which alone knows the methods of an address: it refuses `OPTIONS` with the methods that there are, and every refusal names this one, too.
pub async fn options(request: Request, next: Next) -> Response {
    let asked = *request.method() == Method::OPTIONS;
    let mut response = next.run(request).await;
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    let allowed = response.headers().get(header::ALLOW).and_then(|allow| allow.to_str().ok()).unwrap_or_default();
    if let Ok(allowed) = HeaderValue::from_str(&format!("{allowed},OPTIONS")) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    if asked {
        *response.status_mut() = StatusCode::NO_CONTENT;
        *response.body_mut() = Body::empty();
        for of_a_body in [header::CONTENT_TYPE, header::CONTENT_LENGTH] {
            response.headers_mut().remove(of_a_body);
        }
    }
    response
}
