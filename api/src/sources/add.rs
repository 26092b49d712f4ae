//! Adding sources: uploads, new versions, web pages.

use axum::Extension;
use axum::extract::{DefaultBodyLimit, State};
use collabry_shared::ids::{NotebookId, SourceId, UserId};
use collabry_shared::realtime::{Event, Room};
use collabry_shared::sources::{Format, Origin, Source, SourceVersion};
use collabry_shared::storage::{Blobs, StoreError};
use serde::Deserialize;
use url::Url;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::upload::{self, Upload};
use super::{SourceAccess, TAG, queue, room};
use crate::http::form::Uploaded;
use crate::http::{ApiError, ApiResult, Body, Code, Created, Form, created};
use crate::notebooks::{Editor, NotebookAccess};
use crate::state::ApiState;

const MAX_URL_BYTES: usize = 2_000;

pub fn router() -> OpenApiRouter<ApiState> {
    // The limit is counted while the file arrives; see `upload`.
    let uploads = OpenApiRouter::new()
        .routes(routes!(upload_source))
        .routes(routes!(upload_version))
        .layer(DefaultBodyLimit::disable());
    OpenApiRouter::new().routes(routes!(add_url)).merge(uploads)
}

/// A multipart form with one file
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form; the body is read as a stream")]
struct FileForm {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct UrlRequest {
    #[schema(example = "https://example.org/article", max_length = 2000)]
    url: String,
}

/// Upload a file as a new source; it is read in the background
///
/// A PDF, DOCX, PPTX, XLSX, CSV, HTML, Markdown or plain text file of at most 50 MB, if the server's operator did not choose
/// otherwise. Fields beside `file` are passed over.
#[utoipa::path(post, operation_id = "uploadSource", path = "/api/notebooks/{notebookId}/sources", tag = TAG, params(("notebookId" = NotebookId, Path)),
    request_body(content = FileForm, content_type = "multipart/form-data"), responses(
    (status = 201, body = Source), (status = 403, description = "`role_too_small`"),
    (status = 400, description = "`upload_incomplete`, `form_malformed`"),
    (status = 409, description = "`too_many_sources`, `storage_share_spent`"),
    (status = 507, description = "`storage_full`"),
    (status = 413, description = "`upload_too_large`"), (status = 415, description = "`format_unknown`"),
    (status = 422, description = "`file_empty`, `file_missing`, `too_many_files`"),
))]
async fn upload_source(
    State(state): State<ApiState>,
    access: NotebookAccess<Editor>,
    mut form: Form,
) -> ApiResult<(Extension<Uploaded>, Created<Source>)> {
    let id = SourceId::new();
    let key = Blobs::source_key(access.notebook_id, id, 1);
    let room = room::check(&state, access.user_id, true).await?;
    let received = upload::receive(&mut form, &state, &key, room).await?;
    let name = received.name.clone();
    let version = uploaded_version(&state, access.user_id, 1, key.clone(), &received);
    let source = Source::uploaded(id, access.notebook_id, access.user_id, name, version);
    let stored = store(&state, access.user_id, source).await;
    let stored = keep_blob_if_stored(&state, &key, stored).await?;
    Ok((Extension(Uploaded(received.digest)), stored))
}

/// Upload a new version of a source; the one before answers questions until it is ready
///
/// A file as for a new source, whose name becomes that of the source. A web page takes one too: its `origin` stays the
/// address that it came from first, and `format` says what the version is.
#[utoipa::path(post, operation_id = "uploadSourceVersion", path = "/api/sources/{sourceId}/versions", tag = TAG, params(("sourceId" = SourceId, Path)),
    request_body(content = FileForm, content_type = "multipart/form-data"), responses(
    (status = 201, body = Source), (status = 403, description = "`role_too_small`"),
    (status = 400, description = "`upload_incomplete`, `form_malformed`"),
    (status = 409, description = "`version_taken`, `storage_share_spent`"),
    (status = 507, description = "`storage_full`"),
    (status = 413, description = "`upload_too_large`"), (status = 415, description = "`format_unknown`"),
    (status = 422, description = "`file_empty`, `file_missing`, `too_many_files`"),
))]
async fn upload_version(
    State(state): State<ApiState>,
    SourceAccess { source, user_id, .. }: SourceAccess<Editor>,
    mut form: Form,
) -> ApiResult<(Extension<Uploaded>, Created<Source>)> {
    let number = source.latest.version + 1;
    let key = Blobs::source_key(source.notebook_id, source.id, number);
    let room = room::check(&state, user_id, false).await?;
    let received = upload::receive(&mut form, &state, &key, room).await?;
    let version = uploaded_version(&state, user_id, number, key.clone(), &received);
    let added = add_version(&state, user_id, source.id, &received.name, &version).await;
    let source = keep_blob_if_stored(&state, &key, added).await?;
    let number = source.latest.version;
    let path = format!("/api/sources/{}/versions/{number}", source.id);
    Ok((Extension(Uploaded(received.digest)), created(path, announce(&state, source).await)))
}

/// Add a web page as a source; it is fetched in the background
#[utoipa::path(post, operation_id = "addUrlSource", path = "/api/notebooks/{notebookId}/sources/url", tag = TAG, params(("notebookId" = NotebookId, Path)),
    request_body = UrlRequest, responses((status = 201, body = Source), (status = 403, description = "`role_too_small`"),
    (status = 409, description = "`too_many_sources`, `storage_share_spent`"),
    (status = 507, description = "`storage_full`"),
    (status = 422, description = "`url_invalid`")))]
async fn add_url(
    State(state): State<ApiState>,
    access: NotebookAccess<Editor>,
    Body(request): Body<UrlRequest>,
) -> ApiResult<Created<Source>> {
    let url = parse_url(&request.url)?;
    let id = SourceId::new();
    let key = Blobs::source_key(access.notebook_id, id, 1);
    let version = SourceVersion {
        queued_by: Some(access.user_id),
        ..SourceVersion::queued(1, Format::Web, 0, key, state.clock.now())
    };
    let name = url.host_str().map(|host| format!("{host}{}", url.path())).unwrap_or_default();
    let name = name.trim_end_matches('/').to_owned();
    let source = Source {
        origin: Origin::Url { url },
        ..Source::uploaded(id, access.notebook_id, access.user_id, name, version)
    };
    store(&state, access.user_id, source).await
}

fn parse_url(text: &str) -> ApiResult<Url> {
    let invalid = || ApiError::from(Code::UrlInvalid).of_field("url");
    let url = Url::parse(text.trim()).map_err(|_| invalid())?;
    let web = matches!(url.scheme(), "http" | "https") && url.has_host() && text.len() <= MAX_URL_BYTES;
    let anonymous = url.username().is_empty() && url.password().is_none();
    if web && anonymous { Ok(url) } else { Err(invalid()) }
}

fn uploaded_version(state: &ApiState, by: UserId, number: u32, blob_key: String, upload: &Upload) -> SourceVersion {
    let queued = SourceVersion::queued(number, upload.format, upload.size, blob_key, state.clock.now());
    SourceVersion { queued_by: Some(by), ..queued }
}

async fn add_version(
    state: &ApiState,
    by: UserId,
    id: SourceId,
    name: &str,
    version: &SourceVersion,
) -> ApiResult<Source> {
    let _alone = room::take(state, by, false, version.size).await?;
    match state.stores.sources.add_version(id, name, version).await {
        Ok(source) => source.ok_or_else(ApiError::not_found),
        Err(StoreError::Conflict(_)) => Err(Code::VersionTaken.into()),
        Err(error) => Err(error.into()),
    }
}

/// A file that no source came to own is removed.
async fn keep_blob_if_stored<T>(state: &ApiState, key: &str, stored: ApiResult<T>) -> ApiResult<T> {
    if stored.is_err() {
        state.stores.blobs.delete(key).await?;
    }
    stored
}

async fn store(state: &ApiState, by: UserId, source: Source) -> ApiResult<Created<Source>> {
    let alone = room::take(state, by, true, source.latest.size).await?;
    state.stores.sources.create(&source).await?;
    drop(alone);
    Ok(created(format!("/api/sources/{}", source.id), announce(state, source).await))
}

/// Tells the members, and the engine that there is work; returns the source as they hear of it.
pub(super) async fn announce(state: &ApiState, mut source: Source) -> Source {
    queue::say_what_is_ahead(state, std::slice::from_mut(&mut source)).await;
    state
        .coordination
        .fan_out
        .emit(Room::Notebook(source.notebook_id), Event::SourceStatus { source: source.clone() })
        .await;
    state.engine.sources_changed().await;
    source
}
