//! Multipart forms; a malformed one gets an error of ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;
use futures::StreamExt as _;

use super::error::{ApiError, ApiResult};

/// A form, field by field.
#[derive(Debug)]
pub struct Form {
    fields: Multipart,
    /// Whether the connection broke before the body was whole.
    broken: Arc<AtomicBool>,
}

impl Form {
    /// The next field, of whatever name.
    pub async fn next(&mut self) -> ApiResult<Option<Field<'_>>> {
        self.fields.next_field().await.map_err(|error| {
            tracing::debug!(%error, "multipart body");
            if self.broken.load(Ordering::Relaxed) { incomplete() } else { malformed() }
        })
    }
}

/// The file broke off.
pub fn incomplete() -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "upload_incomplete", "The upload was interrupted. Try again.")
}

/// All of it is there, and to send it again would not help.
fn malformed() -> ApiError {
    let detail = "The body is not a well-formed multipart form. Let a library write it.";
    ApiError::new(StatusCode::BAD_REQUEST, "form_malformed", detail)
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let broken = Arc::<AtomicBool>::default();
        let seen = Arc::clone(&broken);
        let request = request.map(|body| {
            let chunks = body.into_data_stream().inspect(move |chunk| {
                if chunk.is_err() {
                    seen.store(true, Ordering::Relaxed);
                }
            });
            Body::from_stream(chunks)
        });
        let fields = Multipart::from_request(request, state).await.map_err(|_| {
            ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "form_expected",
                "Send the file as a form with Content-Type: multipart/form-data.",
            )
        })?;
        Ok(Self { fields, broken })
    }
}
