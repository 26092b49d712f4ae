//! The one error of this crate: RFC 9457 problem details with a stable code.

use std::borrow::Cow;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use collabry_shared::engine::EngineError;
use collabry_shared::storage::{BlobError, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use super::code::Code;

/// A refusal or a failure, on its way to the client.
#[derive(Debug, Clone)]
pub struct ApiError {
    pub status: StatusCode,
    /// Stable, for machines.
    pub code: Code,
    /// A sentence for people: what is wrong and what to do.
    pub detail: Cow<'static, str>,
    pub fields: Vec<FieldError>,
    /// Seconds after which trying again makes sense.
    pub retry_after: Option<u32>,
    /// What really happened; logged once at the boundary, never sent.
    pub internal: Option<String>,
}

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Its name in the body or the query.
    #[schema(value_type = String)]
    pub field: Cow<'static, str>,
    /// A sentence for people.
    #[schema(value_type = String)]
    pub message: Cow<'static, str>,
}

impl FieldError {
    pub fn new(field: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        let (status, detail) = (code.status(), detail.into());
        Self { status, code, detail, fields: Vec::new(), retry_after: None, internal: None }
    }

    /// Absent, or none of the caller's business: the answer is the same.
    pub fn not_found() -> Self {
        Code::NotFound.into()
    }

    /// The caller may know of the thing, but their role does not allow this.
    pub fn role_too_small(needed: &str) -> Self {
        Self::new(Code::RoleTooSmall, format!("Only an {needed} of the notebook may do this."))
    }

    /// One field is wrong, in a way that has a code of its own.
    pub fn field(code: Code, field: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(code, detail).of_field(field)
    }

    /// What there are fields for is wrong with one of them.
    #[must_use]
    pub fn of_field(self, field: &'static str) -> Self {
        Self { fields: vec![FieldError::new(field, self.detail.clone())], ..self }
    }

    /// Several fields are wrong at once.
    pub fn fields(fields: Vec<FieldError>) -> Self {
        let sentences: Vec<_> = fields.iter().map(|field| field.message.as_ref()).collect();
        Self { detail: sentences.join(" ").into(), fields, ..Code::Validation.into() }
    }

    /// What `If-Match` names has changed since the caller read it.
    pub fn changed() -> Self {
        Code::PreconditionFailed.into()
    }

    pub fn busy() -> Self {
        Self { retry_after: Some(2), ..Code::Busy.into() }
    }

    /// Nothing can be stored until whoever runs the server makes room.
    pub fn storage_full() -> Self {
        Self { retry_after: Some(60), ..Code::StorageFull.into() }
    }

    pub fn rate_limited(detail: impl Into<Cow<'static, str>>, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..Self::new(Code::RateLimited, detail) }
    }

    pub fn internal(what: impl std::fmt::Display) -> Self {
        Self { internal: Some(what.to_string()), ..Code::Internal.into() }
    }

    /// From a layer, which knows no more.
    pub fn too_large() -> Self {
        Self::new(Code::PayloadTooLarge, "The request is larger than this address takes.")
    }
}

impl From<Code> for ApiError {
    /// With the sentence of the code.
    fn from(code: Code) -> Self {
        Self::new(code, code.sentence().unwrap_or_default())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self { internal: Some(error.to_string()), ..Self::busy() },
            StoreError::Full(_) => Self { internal: Some(error.to_string()), ..Self::storage_full() },
            // Its outage is logged as a whole, by who keeps the connection.
            StoreError::Redis(_) => Self::busy(),
            StoreError::Conflict(what) => Self::new(Code::Conflict, format!("{what} exists already.")),
            // It was there when the request began: somebody has just deleted it.
            StoreError::Missing(_) => Self::not_found(),
            StoreError::Changed(_) => Self::changed(),
            StoreError::Newer(_)
            | StoreError::TakenOver(_)
            | StoreError::Damaged(_)
            | StoreError::Sqlite(_)
            | StoreError::Mongo(_) => Self::internal(error),
        }
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Busy | EngineError::Unreachable => Self { internal: Some(error.to_string()), ..Self::busy() },
            EngineError::Store(error) => error.into(),
            EngineError::Internal(_) => Self::internal(error),
        }
    }
}

impl From<BlobError> for ApiError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Full(_) => Self { internal: Some(error.to_string()), ..Self::storage_full() },
            BlobError::BrokenOff(_) | BlobError::Store(_) => Self::internal(error),
        }
    }
}

/// The problem travels as an extension; [`problems::render`](super::problems::render) writes the body.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
