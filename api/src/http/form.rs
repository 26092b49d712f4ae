//! Multipart forms; a malformed one gets an error of ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::StreamExt as _;
use percent_encoding::percent_decode_str;
use sha2::{Digest as _, Sha256};

use super::code::Code;
use super::error::{ApiError, ApiResult};
use super::json::in_plain_utf8;

/// Fields beside the file say nothing that is wanted.
const MAX_OTHER_BYTES: u64 = 64 * 1024;

/// The field that holds the file.
pub const FILE: &str = "file";

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

    /// The digest of the uploaded file, which is read and not kept; `None` when the form has no file or more than `most` bytes.
    pub async fn digest(&mut self, most: u64) -> ApiResult<Option<String>> {
        let mut left = most.saturating_add(MAX_OTHER_BYTES);
        while let Some(mut field) = self.next().await? {
            let of_file = field.name() == Some(FILE);
            let mut digest = FileDigest::new(sent_name(&field).as_deref());
            while let Some(chunk) = field.chunk().await.map_err(|_| incomplete())? {
                let Some(less) = left.checked_sub(chunk.len() as u64) else { return Ok(None) };
                left = less;
                digest.update(&chunk);
            }
            if of_file {
                return Ok(Some(digest.finish()));
            }
        }
        Ok(None)
    }
}

/// The name of a file as it was sent. Some libraries send one that is not ASCII only in the form of RFC 8187, which forms
/// should not have (RFC 7578, 4.2), and which is clear all the same.
pub fn sent_name(field: &Field<'_>) -> Option<String> {
    if let Some(name) = field.file_name() {
        return Some(name.to_owned());
    }
    let disposition = field.headers().get(header::CONTENT_DISPOSITION)?.to_str().ok()?;
    let name = disposition.split(';').find_map(|part| part.trim().strip_prefix("filename*="))?;
    let (charset, name) = name.trim_matches('"').split_once('\'')?;
    let (_, name) = name.split_once('\'')?;
    let bytes: Vec<u8> = percent_decode_str(name).collect();
    Some(if charset.eq_ignore_ascii_case("utf-8") {
        String::from_utf8_lossy(&bytes).into_owned()
    } else {
        bytes.into_iter().map(char::from).collect()
    })
}

/// What tells a file of a form from another one: its name and its bytes, in whatever form they come.
#[derive(Debug, Clone)]
pub struct FileDigest(Sha256);

impl FileDigest {
    pub fn new(name: Option<&str>) -> Self {
        let mut hash = Sha256::new();
        hash.update(name.unwrap_or_default());
        hash.update([0]);
        Self(hash)
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub fn finish(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.finalize())
    }
}

/// The [`FileDigest`] of a form's file, on the answer to its upload: by it a repetition is told from another upload.
#[derive(Debug, Clone)]
pub struct Uploaded(pub String);

/// The file broke off.
pub fn incomplete() -> ApiError {
    ApiError::from(Code::UploadIncomplete)
}

/// All of it is there, and to send it again would not help.
fn malformed() -> ApiError {
    ApiError::from(Code::FormMalformed)
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        in_plain_utf8(request.headers())?;
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
        let fields = Multipart::from_request(request, state).await.map_err(|_| ApiError::from(Code::FormExpected))?;
        Ok(Self { fields, broken })
    }
}
