//! Reading sources: pages of text, and the file as it was uploaded.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use collabry_shared::ids::SourceId;
use collabry_shared::sources::{NotRead, Page, SegmentId, Source, SourceVersion};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{SourceAccess, TAG};
use crate::http::{ApiError, ApiResult, Params, Problem};
use crate::notebooks::Viewer;
use crate::state::ApiState;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(page)).routes(routes!(file))
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PageView {
    #[serde(flatten)]
    page: Page,
    source_name: String,
    version: u32,
    /// How many there are, when the format has pages.
    page_count: Option<u32>,
    has_next: bool,
    /// What the version holds and was not read.
    not_read: Vec<NotRead>,
}

#[derive(Debug, Deserialize)]
struct PagePath {
    version: u32,
    page: u32,
}

#[derive(Debug, Deserialize)]
struct VersionPath {
    version: u32,
}

/// The text of a page, or of a part of a source without pages
#[utoipa::path(get, operation_id = "getSourcePage", path = "/api/sources/{sourceId}/versions/{version}/pages/{page}", tag = TAG, security(("bearer" = [])), params(
    ("sourceId" = SourceId, Path), ("version" = u32, Path), ("page" = u32, Path, description = "Counts from 1"),
    ), responses((status = 200, body = PageView), (status = 404, body = Problem, description = "`not_found`")))]
async fn page(
    State(state): State<ApiState>,
    SourceAccess { source, .. }: SourceAccess<Viewer>,
    Params(path): Params<PagePath>,
) -> ApiResult<Json<PageView>> {
    let PagePath { version, page: number } = path;
    let segment = SegmentId { source_id: source.id, version };
    let of_version = find_version(&state, &source, version).await?;
    let page = state.stores.sources.page(segment, number).await?.ok_or_else(ApiError::not_found)?;
    let has_next = state.stores.sources.page(segment, number + 1).await?.is_some();
    let SourceVersion { page_count, not_read, .. } = of_version;
    Ok(Json(PageView { page, source_name: source.name, version, page_count, has_next, not_read }))
}

/// The file as it was uploaded
#[utoipa::path(get, operation_id = "downloadSourceFile", path = "/api/sources/{sourceId}/versions/{version}/file", tag = TAG, security(("bearer" = [])), params(
    ("sourceId" = SourceId, Path), ("version" = u32, Path),
    ), responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = Problem, description = "`not_found`")))]
async fn file(
    State(state): State<ApiState>,
    SourceAccess { source, .. }: SourceAccess<Viewer>,
    Params(path): Params<VersionPath>,
) -> ApiResult<Response> {
    let version = find_version(&state, &source, path.version).await?;
    let blob = state.stores.blobs.get(&version.blob_key).await?.ok_or_else(ApiError::not_found)?;
    let mut response = Response::new(Body::from_stream(blob));
    let headers = response.headers_mut();
    // Never shown in our origin: a hostile HTML file must not run as us.
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_DISPOSITION, attachment(&source.name)?);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

async fn find_version(state: &ApiState, source: &Source, version: u32) -> ApiResult<SourceVersion> {
    let segment = SegmentId { source_id: source.id, version };
    state.stores.sources.version(segment).await?.ok_or_else(ApiError::not_found)
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// RFC 6266 with the name in the form of RFC 8187.
fn attachment(name: &str) -> ApiResult<HeaderValue> {
    let mut value = String::from("attachment; filename*=UTF-8''");
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
