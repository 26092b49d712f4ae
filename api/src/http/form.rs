//! Multipart forms, with our error for what is none.

use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;

use super::error::ApiError;

#[derive(Debug)]
pub struct Form(pub Multipart);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        Multipart::from_request(request, state).await.map(Self).map_err(|_| {
            ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "form_expected",
                "Send the file as a form with Content-Type: multipart/form-data.",
            )
        })
    }
}
