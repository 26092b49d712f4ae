//! Sources: uploaded or fetched material, in versions, and the text, pages and chunks made of it.

mod failure;
mod fair;
mod format;
pub(crate) mod mongo;
mod not_read;
pub mod padding;
mod queue;
mod repo;
mod retry;
mod segments;
pub(crate) mod sqlite;
pub mod wide;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

pub use self::failure::FailureCode;
pub use self::fair::{ClaimRequest, OpenVersion, SMALL_BYTES, Work, ahead};
pub use self::format::{Format, SNIFF_BYTES, UnknownFormat};
pub(crate) use self::mongo::{INDEXES, ingest_again_without_chunks};
pub use self::not_read::{MAX_NAMED_PAGES, NotRead, Unread};
pub use self::queue::{ClaimedVersion, IngestQueue, QueueDepth};
pub use self::repo::{Owned, SourceRepo};
pub use self::retry::{MAX_RETRIES, Retry};
pub use self::segments::SegmentRepo;
use crate::ids::{NotebookId, SourceId, UserId};

/// One thing that a member added to a notebook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    pub id: SourceId,
    pub notebook_id: NotebookId,
    /// What people see: the file's name or the page's title.
    pub name: String,
    pub origin: Origin,
    pub created_by: UserId,
    #[serde(serialize_with = "crate::clock::wire::time")]
    pub created_at: Timestamp,
    /// The newest version, whatever its state.
    pub latest: SourceVersion,
    /// The newest version that can be searched; while a re-upload is ingested, the one before.
    pub ready_version: Option<u32>,
}

/// The parts of a source that change, as a member saw them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SourceState {
    pub name: String,
    pub latest: VersionState,
}

/// Each step of a version changes its `updated_at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionState {
    pub version: u32,
    pub updated_at: Timestamp,
}

impl SourceState {
    fn is_that_of(&self, source: &Source) -> bool {
        let Source { name, latest: SourceVersion { version, updated_at, .. }, .. } = source;
        let latest = VersionState { version: *version, updated_at: *updated_at };
        self.name == *name && self.latest == latest
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Origin {
    Upload,
    Url {
        #[schema(value_type = String)]
        url: Url,
    },
}

// The state is the queue: see `IngestQueue::claim`.
/// One upload of a source, and how far its ingestion has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceVersion {
    /// Counts from 1 within the source.
    pub version: u32,
    pub format: Format,
    /// Bytes of the file; 0 while a web page is still to be fetched.
    pub size: u64,
    /// Where the file lies in the blob store.
    #[serde(skip)]
    pub blob_key: String,
    pub state: IngestState,
    /// Set when the format has pages.
    pub page_count: Option<u32>,
    pub chunk_count: Option<u32>,
    /// What the file holds that was not read; empty: nothing that we know of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_read: Vec<NotRead>,
    /// While it is queued: the number of versions whose turn comes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub ahead: Option<u32>,
    /// Whose share of the work this is; `None`: that of whoever added the source.
    #[serde(skip)]
    pub queued_by: Option<UserId>,
    #[serde(serialize_with = "crate::clock::wire::time")]
    pub created_at: Timestamp,
    #[serde(serialize_with = "crate::clock::wire::time")]
    pub updated_at: Timestamp,
}

/// How far the ingestion of a source has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "step", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum IngestState {
    Queued,
    Fetch,
    Extract,
    Chunk,
    /// `done` of `total` chunks are embedded and stored.
    Embed {
        done: u32,
        total: u32,
    },
    Ready,
    Failed(IngestFailure),
}

impl Source {
    /// An upload, with its first version.
    pub fn uploaded(
        id: SourceId,
        notebook_id: NotebookId,
        created_by: UserId,
        name: String,
        latest: SourceVersion,
    ) -> Self {
        let created_at = latest.created_at;
        Self { id, notebook_id, name, origin: Origin::Upload, created_by, created_at, latest, ready_version: None }
    }
}

impl SourceVersion {
    /// A version that waits for its ingestion, as the work of whoever added the source.
    pub fn queued(version: u32, format: Format, size: u64, blob_key: String, now: Timestamp) -> Self {
        Self {
            version,
            format,
            size,
            blob_key,
            state: IngestState::Queued,
            page_count: None,
            chunk_count: None,
            not_read: Vec::new(),
            ahead: None,
            queued_by: None,
            created_at: now,
            updated_at: now,
        }
    }
}

impl IngestState {
    /// The names of all, in their order.
    pub const STEPS: [&str; 7] = ["queued", "fetch", "extract", "chunk", "embed", "ready", "failed"];

    /// Its name on every wire.
    pub fn step(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Fetch => "fetch",
            Self::Extract => "extract",
            Self::Chunk => "chunk",
            Self::Embed { .. } => "embed",
            Self::Ready => "ready",
            Self::Failed(_) => "failed",
        }
    }

    /// Whether nothing more happens until somebody asks for it.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Ready | Self::Failed(_))
    }
}

/// Number of times an ingestion may die with its process at the same point before it counts as [`IngestState::Failed`]
/// (`ingest_crashed`). Twice as many where the work is done outside the process: there it is hardly the file's fault.
pub const MAX_CRASHES: u32 = 3;

/// Number of times an ingestion may be started, wherever it broke off.
pub const MAX_INGEST_ATTEMPTS: u32 = 20;

/// Why ingestion ended; the file is kept and can be tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngestFailure {
    /// The step that failed: `fetch`, `extract`, `chunk` or `embed`.
    pub at: String,
    /// Stable, for machines.
    #[schema(example = "encrypted")]
    pub code: String,
    /// One sentence for people: what is wrong and what to do.
    pub message: String,
}

/// One immutable set of chunks: a version of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SegmentId {
    pub source_id: SourceId,
    pub version: u32,
}

/// A part of a document's text. A format without pages is cut into parts of a few thousand characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// Counts from 1.
    pub number: u32,
    /// Offset of `text` in the document, in Unicode code points.
    pub start: u64,
    pub text: String,
}

/// A passage that is searched and cited as one.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk {
    /// Counts from 0 within the segment, in the order of the text.
    pub index: u32,
    /// `document[start..end]`, offsets in Unicode code points, end exclusive.
    pub start: u64,
    pub end: u64,
    /// The page on which the passage starts (see [`Page::number`]).
    pub page: u32,
    /// The headings above the passage, outermost first; searched with it, not part of its text.
    pub headings: Vec<String>,
    /// The passage; one that begins in the middle of a table has the names of the columns above it.
    pub text: String,
    /// Unit length, 384 dimensions with the built-in model.
    pub embedding: Vec<f32>,
}

/// The segments that a search over a notebook covers: the newest ready version of each source, or of those selected.
pub fn ready_segments(sources: &[Source], selected: Option<&[SourceId]>) -> Vec<SegmentId> {
    sources
        .iter()
        .filter(|source| selected.is_none_or(|ids| ids.contains(&source.id)))
        .filter_map(|source| Some(SegmentId { source_id: source.id, version: source.ready_version? }))
        .collect()
}
