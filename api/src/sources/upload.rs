//! One file from a multipart body into the blob store, as it arrives.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::multipart::{Field, MultipartError};
use bytes::{Bytes, BytesMut};
use collabry_shared::sources::{FailureCode, Format, SNIFF_BYTES, UnknownFormat};
use collabry_shared::storage::BlobError;
use collabry_shared::text::turns_direction;
use futures::StreamExt as _;
use unicode_normalization::UnicodeNormalization as _;

use super::room::{Room, share_spent};
use crate::http::form::{FILE, FileDigest, incomplete, sent_name};
use crate::http::{ApiError, ApiResult, Code, Form};
use crate::state::ApiState;

/// Fields of other names say nothing that is wanted.
const MAX_OTHER_BYTES: usize = 64 * 1024;
const MAX_NAME_CHARS: usize = 200;

/// A file that is stored.
#[derive(Debug)]
pub struct Upload {
    pub name: String,
    pub format: Format,
    /// Bytes.
    pub size: u64,
    /// A [`FileDigest`].
    pub digest: String,
}

/// Stores the field `file` under `key`; fields of other names are passed over. Nothing is left behind when it is refused or
/// broken off.
pub async fn receive(form: &mut Form, state: &ApiState, key: &str, room: Room) -> ApiResult<Upload> {
    let upload = loop {
        let Some(field) = form.next().await? else {
            return Err(ApiError::from(Code::FileMissing).of_field(FILE));
        };
        if field.name() == Some(FILE) {
            break receive_file(field, state, key, room).await?;
        }
        pass_over(field).await?;
    };
    if let Err(error) = expect_no_other(form).await {
        state.stores.blobs.delete(key).await?;
        return Err(error);
    }
    Ok(upload)
}

async fn receive_file(mut field: Field<'_>, state: &ApiState, key: &str, room: Room) -> ApiResult<Upload> {
    let sent = sent_name(&field);
    let name = file_name(sent.as_deref().unwrap_or_default());
    let mut digest = FileDigest::new(sent.as_deref());
    let head = read_head(&mut field).await?;
    let format = Format::sniff(&head, &name).map_err(refuse)?;
    let size = store(field, head, state, key, room, &mut digest).await?;
    Ok(Upload { name: shortened(&name), format, size, digest: digest.finish() })
}

fn refuse(unknown: UnknownFormat) -> ApiError {
    match unknown.code {
        FailureCode::Empty => ApiError::field(Code::FileEmpty, "file", unknown.to_string()),
        _ => ApiError::new(Code::FormatUnknown, unknown.to_string()).of_field("file"),
    }
}

/// One source is made of one file: another one would be lost without a word.
async fn expect_no_other(form: &mut Form) -> ApiResult<()> {
    while let Some(field) = form.next().await? {
        if field.name() == Some(FILE) {
            return Err(ApiError::from(Code::TooManyFiles).of_field(FILE));
        }
        pass_over(field).await?;
    }
    Ok(())
}

async fn pass_over(mut field: Field<'_>) -> ApiResult<()> {
    let mut bytes = 0;
    while let Some(chunk) = field.chunk().await.map_err(|error| broken_off(&error))? {
        bytes += chunk.len();
        if bytes > MAX_OTHER_BYTES {
            let detail = "A field beside the file is larger than 64 KiB. Send the file in the field `file`.";
            return Err(ApiError::new(Code::UploadTooLarge, detail));
        }
    }
    Ok(())
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

async fn store(
    field: Field<'_>,
    head: Bytes,
    state: &ApiState,
    key: &str,
    room: Room,
    digest: &mut FileDigest,
) -> ApiResult<u64> {
    let too_large = AtomicBool::new(false);
    let mut received = 0_u64;
    let chunks = futures::stream::once(async { Ok(head) }).chain(field).map(|chunk| {
        let chunk = chunk.map_err(|error| error.body_text())?;
        received += chunk.len() as u64;
        if received > room.bytes {
            too_large.store(true, Ordering::Relaxed);
            return Err("over the limit".to_owned());
        }
        digest.update(&chunk);
        Ok(chunk)
    });
    match state.stores.blobs.put_stream(key, Box::pin(chunks)).await {
        Ok(size) => Ok(size),
        Err(BlobError::BrokenOff(_)) if too_large.load(Ordering::Relaxed) => Err(over_limit(state, room)),
        Err(BlobError::BrokenOff(_)) => Err(incomplete()),
        Err(error) => Err(error.into()),
    }
}

fn broken_off(error: &MultipartError) -> ApiError {
    tracing::debug!(%error, "multipart body");
    incomplete()
}

fn over_limit(state: &ApiState, room: Room) -> ApiError {
    if room.ends_share {
        return share_spent(state);
    }
    ApiError::new(
        Code::UploadTooLarge,
        format!("The file is larger than {} MB. Split it, or leave out what is not needed.", room.bytes / 1024 / 1024),
    )
}

/// The last part of whatever path the client gave, as one clean line.
fn file_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.nfc().filter(|c| !c.is_control() && !turns_direction(*c)).collect();
    let clean = clean.trim();
    if clean.is_empty() { "Untitled".to_owned() } else { clean.to_owned() }
}

/// A name that is too long loses of its middle: its ending says what it is.
fn shortened(name: &str) -> String {
    const MAX_ENDING_CHARS: usize = 16;
    let chars = name.chars().count();
    if chars <= MAX_NAME_CHARS {
        return name.to_owned();
    }
    let ending = name.rfind('.').map(|dot| &name[dot..]).filter(|ending| ending.chars().count() <= MAX_ENDING_CHARS);
    let ending = ending.unwrap_or_default();
    let kept: String = name.chars().take(MAX_NAME_CHARS - 1 - ending.chars().count()).collect();
    format!("{kept}…{ending}")
}

#[cfg(test)]
mod tests {
    use super::{file_name, shortened};

    #[test]
    fn names_lose_paths_and_control_characters() {
        assert_eq!(file_name("C:\\temp\\notes.pdf"), "notes.pdf");
        assert_eq!(file_name("../../etc/passwd"), "passwd");
        assert_eq!(file_name("a\u{7}b\n.txt"), "ab.txt");
        assert_eq!(file_name(".."), "..");
        assert_eq!(file_name(""), "Untitled");
        assert_eq!(file_name("abc\u{202e}gpj.txt"), "abcgpj.txt");
    }

    #[test]
    fn long_names_keep_their_ending() {
        let name = shortened(&("y".repeat(300) + ".csv"));
        assert_eq!((name.chars().count(), name.ends_with("y….csv")), (200, true));
        assert_eq!(shortened(&("n".repeat(196) + ".csv")).len(), 200);
        assert_eq!(shortened(&"é".repeat(500)).chars().count(), 200);
    }
}
