//! The file of a version as it was uploaded, whole or in parts (RFC 9110, 14).

use std::ops::Range;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use collabry_shared::ids::SourceId;
use collabry_shared::sources::Format;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::read::{VersionPath, find_version};
use super::{SourceAccess, TAG};
use crate::http::conditional::{names, not_modified};
use crate::http::{ApiError, ApiResult, Code, Params};
use crate::notebooks::Viewer;
use crate::state::ApiState;

/// Whatever the file is, a browser that opens it runs nothing of it and shows nothing of ours around it.
const HARMLESS: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(file))
}

/// The file as it was uploaded
///
/// `Range` asks for a part of it (one range of bytes), with `If-Range` only if the file is still the same. A version's file
/// never changes.
#[utoipa::path(get, operation_id = "downloadSourceFile", path = "/api/sources/{sourceId}/versions/{version}/file", tag = TAG, params(
    ("sourceId" = SourceId, Path), ("version" = u32, Path),
    ("Range" = String, Header, description = "`bytes=0-99`, `bytes=100-`, `bytes=-100`"),
    ), responses(
    (status = 200, body = Vec<u8>, content_type = "application/octet-stream", description = "The file, with its own `Content-Type`"),
    (status = 206, body = Vec<u8>, content_type = "application/octet-stream", description = "The part that was asked for"),
    (status = 304, description = "It is what `If-None-Match` names"),
    (status = 416, description = "`range_not_satisfiable`"),
))]
async fn file(
    State(state): State<ApiState>,
    SourceAccess { source, .. }: SourceAccess<Viewer>,
    Params(path): Params<VersionPath>,
    asked: HeaderMap,
) -> ApiResult<Response> {
    let version = find_version(&state, &source, path.version).await?;
    let tag = HeaderValue::from_str(&format!("\"{}-{}\"", source.id, version.version)).map_err(ApiError::internal)?;
    let size = state.stores.blobs.size(&version.blob_key).await?.ok_or_else(ApiError::not_found)?;
    let known = asked.get(header::IF_NONE_MATCH).is_some_and(|wanted| names(wanted, &tag));
    let part = match asked.get(header::RANGE).filter(|_| !known && still_the_same(&asked, &tag)) {
        Some(range) => match part(range, size) {
            Ok(part) => part,
            Err(none_of_them) => return beyond(none_of_them, size),
        },
        None => None,
    };
    let whole = 0..size;
    let bytes = part.as_ref().unwrap_or(&whole);
    let length = bytes.end - bytes.start;
    let blob = state.stores.blobs.get_range(&version.blob_key, bytes.clone()).await?.ok_or_else(ApiError::not_found)?;
    let mut response = Response::new(Body::from_stream(blob));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(version.format)));
    headers.insert(header::CONTENT_LENGTH, length.into());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_DISPOSITION, attachment(&source.name)?);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HARMLESS);
    headers.insert(header::ETAG, tag.clone());
    if let Some(part) = &part {
        let range = format!("bytes {}-{}/{size}", part.start, part.end - 1);
        headers.insert(header::CONTENT_RANGE, HeaderValue::from_str(&range).map_err(ApiError::internal)?);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    } else if known {
        return Ok(not_modified(response));
    }
    Ok(response)
}

/// RFC 9110, 15.5.17: with the size that there is.
fn beyond(error: ApiError, size: u64) -> ApiResult<Response> {
    let range = HeaderValue::from_str(&format!("bytes */{size}")).map_err(ApiError::internal)?;
    Ok(([(header::CONTENT_RANGE, range)], error).into_response())
}

fn still_the_same(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    asked.get(header::IF_RANGE).is_none_or(|known| known == tag)
}

/// The bytes that are asked for; `None`: a range that is not understood, which is ignored, as the standard says.
fn part(range: &HeaderValue, size: u64) -> ApiResult<Option<Range<u64>>> {
    let parsed = range.to_str().ok().and_then(|text| text.trim().strip_prefix("bytes="));
    let Some((from, to)) = parsed.filter(|text| !text.contains(',')).and_then(|text| text.split_once('-')) else {
        return Ok(None);
    };
    // A number that is too large is beyond any file.
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = |text: &str| Some(text.trim()).filter(is_number).map(|text| text.parse().unwrap_or(u64::MAX));
    let bytes = match (from.trim(), to.trim()) {
        ("", last) => number(last).map(|last| size.saturating_sub(last)..size),
        (first, "") => number(first).map(|first| first..size),
        (first, last) => number(first).zip(number(last)).map(|(first, last)| first..last.saturating_add(1).min(size)),
    };
    match bytes {
        Some(bytes) if bytes.start < bytes.end => Ok(Some(bytes)),
        Some(_) => Err(ApiError::new(
            Code::RangeNotSatisfiable,
            format!("The file has {size} bytes, and none of those that you ask for."),
        )),
        None => Ok(None),
    }
}

fn media_type(format: Format) -> &'static str {
    match format {
        Format::Pdf => "application/pdf",
        Format::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Format::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Format::Csv => "text/csv",
        Format::Html => "text/html",
        Format::Markdown => "text/markdown",
        Format::Text => "text/plain",
        Format::Web => "application/octet-stream",
    }
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// RFC 6266: the name in the form of RFC 8187, after one that every client reads.
fn attachment(name: &str) -> ApiResult<HeaderValue> {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_graphic() && !"\"\\%".contains(c) || c == ' ' { c } else { '_' }).collect();
    let mut value = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            value.push(char::from(byte));
        } else {
            value.push('%');
            value.extend([byte >> 4, byte & 0xF].map(|digit| char::from(HEX[usize::from(digit)])));
        }
    }
    HeaderValue::from_str(&value).map_err(ApiError::internal)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::part;
    use crate::http::Code;

    #[test]
    fn ranges_are_those_of_the_standard() {
        let of = |range: &'static str| part(&HeaderValue::from_static(range), 100).map_err(|error| error.code);
        for (range, bytes) in [
            ("bytes=0-9", Ok(Some(0..10))),
            ("bytes=90-", Ok(Some(90..100))),
            ("bytes=-10", Ok(Some(90..100))),
            ("bytes=-1000", Ok(Some(0..100))),
            ("bytes=50-1000", Ok(Some(50..100))),
            ("bytes=100-", Err(Code::RangeNotSatisfiable)),
            ("bytes=-0", Err(Code::RangeNotSatisfiable)),
            ("bytes=0-9,20-29", Ok(None)),
            ("lines=1-2", Ok(None)),
            ("bytes=x-y", Ok(None)),
        ] {
            assert_eq!(of(range), bytes, "{range}");
        }
    }
}
