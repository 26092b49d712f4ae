//! Answers to what was made: where it is, and what it is.

use axum::Json;
use axum::http::{HeaderName, StatusCode, header};
use serde::Serialize;

pub type Created<T> = (StatusCode, [(HeaderName, String); 1], Json<T>);

/// 201 with its path.
pub fn created<T: Serialize>(path: String, made: T) -> Created<T> {
    (StatusCode::CREATED, [(header::LOCATION, path)], Json(made))
}

/// 202 with the path at which to look how it goes on.
pub fn accepted<T: Serialize>(path: String, made: T) -> Created<T> {
    (StatusCode::ACCEPTED, [(header::LOCATION, path)], Json(made))
}
