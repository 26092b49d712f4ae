//! One file from a multipart body into the blob store, as it arrives.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use collabry_shared::sources::{FailureCode, Format, SNIFF_BYTES, UnknownFormat};
use collabry_shared::storage::BlobError;
use futures::StreamExt as _;
use unicode_normalization::UnicodeNormalization as _;

use super::room::{Room, share_spent};
use crate::http::{ApiError, ApiResult};
use crate::state::ApiState;

const MAX_NAME_CHARS: usize = 200;

/// A file that is stored.
#[derive(Debug)]
pub struct Upload {
    pub name: String,
    pub format: Format,
    /// Bytes.
    pub size: u64,
}

/// Stores the field `file` under `key`. Nothing is left behind when it is refused or broken off.
pub async fn receive(multipart: &mut Multipart, state: &ApiState, key: &str, room: Room) -> ApiResult<Upload> {
    let mut field = file_field(multipart).await?;
    let name = file_name(field.file_name().unwrap_or_default());
    let head = read_head(&mut field).await?;
    let format = Format::sniff(&head, &name).map_err(refuse)?;
    let size = store(field, head, state, key, room).await?;
    Ok(Upload { name, format, size })
}

fn refuse(unknown: UnknownFormat) -> ApiError {
    match unknown.code {
        FailureCode::Empty => ApiError::invalid("file_empty", unknown.to_string()),
        _ => ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "format_unknown", unknown.to_string()),
    }
}

async fn file_field(multipart: &mut Multipart) -> ApiResult<Field<'_>> {
    match multipart.next_field().await.map_err(|error| broken_off(&error))? {
        Some(field) if field.name() == Some("file") => Ok(field),
        _ => Err(ApiError::invalid("file_missing", "Send one file in the multipart field `file`.")),
    }
}

async fn read_head(field: &mut Field<'_>) -> ApiResult<Bytes> {
    let mut head = BytesMut::new();
    while head.len() < SNIFF_BYTES {
        match field.chunk().await.map_err(|error| broken_off(&error))? {
            Some(chunk) => head.extend_from_slice(&chunk),
            None => break,
        }
    }
    Ok(head.freeze())
}

async fn store(field: Field<'_>, head: Bytes, state: &ApiState, key: &str, room: Room) -> ApiResult<u64> {
    let too_large = AtomicBool::new(false);
    let mut received = 0_u64;
    let chunks = futures::stream::once(async { Ok(head) }).chain(field).map(|chunk| {
        let chunk = chunk.map_err(|error| error.body_text())?;
        received += chunk.len() as u64;
        if received > room.bytes {
            too_large.store(true, Ordering::Relaxed);
            return Err("over the limit".to_owned());
        }
        Ok(chunk)
    });
    match state.stores.blobs.put_stream(key, Box::pin(chunks)).await {
        Ok(size) => Ok(size),
        Err(BlobError::BrokenOff(_)) if too_large.load(Ordering::Relaxed) => Err(over_limit(state, room)),
        Err(BlobError::BrokenOff(_)) => Err(incomplete()),
        Err(error) => Err(error.into()),
    }
}

fn over_limit(state: &ApiState, room: Room) -> ApiError {
    if room.ends_share {
        return share_spent(state);
    }
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "upload_too_large",
        format!("The file is larger than {} MB. Split it, or leave out what is not needed.", room.bytes / 1024 / 1024),
    )
}

fn broken_off(error: &MultipartError) -> ApiError {
    tracing::debug!(error = %error, "multipart body");
    incomplete()
}

fn incomplete() -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "upload_incomplete", "The upload broke off. Send the file again.")
}

/// The last part of whatever path the client gave, as one clean line.
fn file_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.nfc().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect();
    let clean = clean.trim();
    if clean.is_empty() { "Untitled".to_owned() } else { clean.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn names_lose_paths_and_control_characters() {
        assert_eq!(file_name("C:\\temp\\notes.pdf"), "notes.pdf");
        assert_eq!(file_name("../../etc/passwd"), "passwd");
        assert_eq!(file_name("a\u{7}b\n.txt"), "ab.txt");
        assert_eq!(file_name(".."), "..");
        assert_eq!(file_name(""), "Untitled");
        assert_eq!(file_name(&"é".repeat(500)).chars().count(), 200);
    }
}
