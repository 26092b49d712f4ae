//! `/api/notebooks/{notebookId}/search`: passages without an answer.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use collabry_shared::engine::{SearchHit, SearchRequest};
use collabry_shared::ids::{NotebookId, SourceId};
use collabry_shared::sources::{SegmentId, Source, ready_segments};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::{ApiError, ApiResult, Body, Code};
use crate::notebooks::{NotebookAccess, Viewer};
use crate::state::ApiState;

const DEFAULT_LIMIT: u32 = 10;
const MAX_QUERY_CHARS: usize = 1_000;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(search))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SearchQuery {
    /// 1 to 1,000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    query: String,
    /// Default: all sources of the notebook.
    source_ids: Option<Vec<SourceId>>,
    /// How many passages at most.
    #[schema(minimum = 1, maximum = 100, default = 10)]
    limit: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SearchResult {
    #[serde(flatten)]
    hit: SearchHit,
    source_name: String,
    /// Whether a reader would know the page by its number.
    paged: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct SearchResults {
    hits: Vec<SearchResult>,
}

/// Search the sources of a notebook; best first
#[utoipa::path(post, operation_id = "searchNotebook", path = "/api/notebooks/{notebookId}/search", tag = "search", params(("notebookId" = NotebookId, Path)),
    request_body = SearchQuery, responses(
    (status = 200, body = SearchResults), (status = 422, description = "`query_invalid`"),
))]
async fn search(
    State(state): State<ApiState>,
    access: NotebookAccess<Viewer>,
    Body(request): Body<SearchQuery>,
) -> ApiResult<Json<SearchResults>> {
    let query = request.query.trim();
    if query.is_empty() || query.chars().count() > MAX_QUERY_CHARS {
        return Err(ApiError::from(Code::QueryInvalid).of_field("query"));
    }
    let sources = state.stores.sources.list(access.notebook_id).await?;
    let wanted = SearchRequest {
        notebook_id: access.notebook_id,
        segments: ready_segments(&sources, request.source_ids.as_deref()),
        query: query.to_owned(),
        limit: request.limit.unwrap_or(DEFAULT_LIMIT),
    };
    let hits = state.engine.search(&wanted).await?;
    // As they are now: of a source that is gone since the search began there is nothing to show.
    let sources = state.stores.sources.list(access.notebook_id).await?;
    let sources: HashMap<_, _> = sources.into_iter().map(|source| (source.id, source)).collect();
    let mut paged = HashMap::new();
    let mut found = Vec::with_capacity(hits.len());
    for hit in hits {
        let Some(source) = sources.get(&hit.source_id) else { continue };
        let segment = SegmentId { source_id: hit.source_id, version: hit.version };
        let paged = match paged.get(&segment) {
            Some(paged) => *paged,
            None => *paged.entry(segment).or_insert(has_pages(&state, source, segment).await?),
        };
        found.push(SearchResult { source_name: source.name.clone(), paged, hit });
    }
    Ok(Json(SearchResults { hits: found }))
}

/// Whether the version that was searched has pages; the latest one may be another that is still being read.
async fn has_pages(state: &ApiState, source: &Source, segment: SegmentId) -> ApiResult<bool> {
    if source.latest.version == segment.version {
        return Ok(source.latest.page_count.is_some());
    }
    let version = state.stores.sources.version(segment).await?;
    Ok(version.is_some_and(|version| version.page_count.is_some()))
}
