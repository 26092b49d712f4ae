//! Reading sources: their versions, and pages of their text.

use axum::Json;
use axum::extract::State;
use collabry_shared::ids::SourceId;
use collabry_shared::pages::{Place, Window};
use collabry_shared::sources::{NotRead, Page, SegmentId, Source, SourceVersion};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{SourceAccess, TAG};
use crate::http::{ApiError, ApiResult, List, PageQuery, Params, Query, page as page_of};
use crate::notebooks::Viewer;
use crate::state::ApiState;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(page)).routes(routes!(versions)).routes(routes!(version))
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

#[derive(Debug, Serialize, ToSchema)]
struct VersionList {
    versions: Vec<SourceVersion>,
    /// `cursor` of the next page; null on the last page.
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct PagePath {
    version: u32,
    page: u32,
}

#[derive(Debug, Deserialize)]
pub(super) struct VersionPath {
    pub version: u32,
}

/// The text of a page, or of a part of a source without pages
#[utoipa::path(get, operation_id = "getSourcePage", path = "/api/sources/{sourceId}/versions/{version}/pages/{page}", tag = TAG, params(
    ("sourceId" = SourceId, Path), ("version" = u32, Path), ("page" = u32, Path, description = "Counts from 1"),
    ), responses((status = 200, body = PageView), ))]
async fn page(
    State(state): State<ApiState>,
    SourceAccess { source, .. }: SourceAccess<Viewer>,
    Params(path): Params<PagePath>,
) -> ApiResult<Json<PageView>> {
    let PagePath { version, page: number } = path;
    let segment = SegmentId { source_id: source.id, version };
    let of_version = find_version(&state, &source, version).await?;
    let page = state.stores.segments.page(segment, number).await?.ok_or_else(ApiError::not_found)?;
    let has_next = state.stores.segments.page(segment, number + 1).await?.is_some();
    let SourceVersion { page_count, not_read, .. } = of_version;
    Ok(Json(PageView { page, source_name: source.name, version, page_count, has_next, not_read }))
}

/// The versions of a source, newest first
#[utoipa::path(get, operation_id = "listSourceVersions", path = "/api/sources/{sourceId}/versions", tag = TAG, params(("sourceId" = SourceId, Path), PageQuery), responses(
    (status = 200, body = VersionList),
    (status = 422, description = "`validation`, `cursor_invalid`"),
))]
async fn versions(
    State(state): State<ApiState>,
    SourceAccess { source, .. }: SourceAccess<Viewer>,
    Query(query): Query<PageQuery>,
) -> ApiResult<Json<VersionList>> {
    let read = async |Window { after, limit }: Window| {
        let behind = after.and_then(|place| place.id.parse().ok()).unwrap_or(u32::MAX);
        let mut versions = Vec::new();
        for version in (1..=source.latest.version.min(behind.saturating_sub(1))).rev() {
            if u32::try_from(versions.len()).is_ok_and(|read| read >= limit) {
                break;
            }
            versions.extend(state.stores.sources.version(SegmentId { source_id: source.id, version }).await?);
        }
        Ok(versions)
    };
    let place = |one: &SourceVersion| Place::new(one.created_at, &one.version);
    let list = List::new("versions", source.id, &());
    let (versions, next) = page_of(&query, list, read, Some, place).await?;
    Ok(Json(VersionList { versions, next }))
}

/// One version of a source
#[utoipa::path(get, operation_id = "getSourceVersion", path = "/api/sources/{sourceId}/versions/{version}", tag = TAG, params(
    ("sourceId" = SourceId, Path), ("version" = u32, Path),
    ), responses((status = 200, body = SourceVersion), ))]
async fn version(
    State(state): State<ApiState>,
    SourceAccess { source, .. }: SourceAccess<Viewer>,
    Params(path): Params<VersionPath>,
) -> ApiResult<Json<SourceVersion>> {
    find_version(&state, &source, path.version).await.map(Json)
}

pub(super) async fn find_version(state: &ApiState, source: &Source, version: u32) -> ApiResult<SourceVersion> {
    let segment = SegmentId { source_id: source.id, version };
    state.stores.sources.version(segment).await?.ok_or_else(ApiError::not_found)
}
