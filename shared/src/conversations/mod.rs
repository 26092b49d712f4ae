//! Conversations: logs of messages that every replica and every client sees in one order.
//!
//! Each create, edit or delete of a message takes the conversation's next `rev` under a unique index
//! `(conversation, rev)`. A writer that loses the race for a rev reads the head again and retries, so revs have no gaps
//! and become visible in order. A message holds the rev of its *last* change; a client that has seen everything up to
//! rev N catches up with the messages whose rev is above N.

mod content;
mod failure;
pub(crate) mod mongo;
mod page;
mod repo;
pub(crate) mod sqlite;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::content::{ClientId, Content, InvalidMessage, MAX_CONTENT_CHARS};
pub use self::failure::Failure;
pub(crate) use self::mongo::{INDEXES, deleted_among, finish_purges, forget_author, live_among, require};
pub use self::page::{PAGE_BYTES, Page};
pub use self::repo::{Appended, ConversationRepo, ConversationUpdate, NewMessage, Opened, Rewrite};
use crate::ids::{ConversationId, GenerationId, MessageId, NotebookId, SourceId, UserId};
use crate::models::ModelId;
use crate::text::Line;

/// What members call a conversation.
pub type Title = Line<120>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    pub id: ConversationId,
    pub notebook_id: NotebookId,
    /// Null until the first question gives it one.
    #[schema(value_type = Option<String>)]
    pub title: Option<Title>,
    /// What answers when a message names no model.
    #[schema(value_type = Option<String>)]
    pub model: Option<ModelId>,
    pub created_by: UserId,
    #[serde(serialize_with = "crate::clock::wire::time")]
    pub created_at: Timestamp,
    /// When the last message was added; `createdAt` while empty. Edits and deletions do not move it.
    #[serde(serialize_with = "crate::clock::wire::time")]
    pub last_message_at: Timestamp,
    /// Rev of the last change; 0 while empty.
    pub head: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    /// Made by the sender, unique in the conversation: sending again is safe.
    #[schema(value_type = String)]
    pub client_id: ClientId,
    /// Rev at which it was created: its place in the conversation, and the cursor of history pages.
    pub position: u64,
    /// Rev of its last change.
    pub rev: u64,
    pub author: Author,
    /// Markdown; empty once deleted.
    pub content: String,
    /// The passages that `[n]` in an answer points to.
    pub citations: Vec<Citation>,
    pub status: MessageStatus,
    /// Why an answer failed.
    pub failure: Option<Failure>,
    /// On an answer that is complete as far as its model is concerned, but perhaps not as a text: why it ends there.
    #[serde(default)]
    pub cut_off: Option<CutOff>,
    /// On a question: the generation that answers it. On an answer: the generation that wrote it.
    pub generation_id: Option<GenerationId>,
    /// On an answer: its question.
    pub reply_to: Option<MessageId>,
    /// On an answer: the newer one that took its place. It keeps its text, so that people can go back to it.
    #[serde(default)]
    pub superseded_by: Option<MessageId>,
    /// On a question that was limited to some sources: to how many.
    #[serde(default)]
    pub asked: Option<Asked>,
    #[serde(serialize_with = "crate::clock::wire::time")]
    pub created_at: Timestamp,
    #[serde(serialize_with = "crate::clock::wire::optional")]
    pub edited_at: Option<Timestamp>,
    #[serde(serialize_with = "crate::clock::wire::optional")]
    pub deleted_at: Option<Timestamp>,
}

impl Message {
    /// About what it is as text: a bound for pages, not a size.
    pub fn bytes(&self) -> usize {
        /// Ids, times and names of fields.
        const REST: usize = 512;
        let citations: usize = self.citations.iter().map(|one| REST + one.text.len() + one.source_name.len()).sum();
        REST + self.content.len() + citations
    }
}

/// Which part of a notebook a question was limited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    /// Sources that were to be searched.
    pub sources: u32,
    /// Sources that could be searched when the question was sent.
    pub of: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum Author {
    User {
        user_id: UserId,
        name: String,
    },
    Assistant {
        #[schema(value_type = String)]
        model: ModelId,
    },
}

impl Author {
    pub fn is_user(&self, id: UserId) -> bool {
        matches!(self, Self::User { user_id, .. } if *user_id == id)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MessageStatus {
    Complete,
    /// Somebody pressed stop; the text so far is kept.
    Stopped,
    /// The process that wrote it died; the text so far is kept.
    Interrupted,
    Failed,
}

/// Why the text of an answer may end before the answer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CutOff {
    /// The limit of an answer's tokens was reached, or the model's window was full.
    Length,
    /// A filter of the provider withheld the rest.
    Filter,
    /// The model declined to go on.
    Refusal,
    /// The model server ended without saying that this is all of it. A newer version's reason reads as this, too.
    #[serde(other)]
    Unknown,
}

/// A numbered passage of a source that an answer refers to as `[number]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Citation {
    /// Counts from 1 within the answer.
    pub number: u32,
    pub source_id: SourceId,
    pub version: u32,
    pub source_name: String,
    /// The page or part that holds the passage: `GET /api/sources/{sourceId}/versions/{version}/pages/{page}`.
    pub page: u32,
    /// Whether the source's format has pages that a reader would know by this number.
    pub paged: bool,
    /// `document[start..end]`, offsets in Unicode code points, end exclusive.
    pub start: u64,
    pub end: u64,
    /// The passage itself. One that begins among the rows of a table comes under the names of its columns and a line break:
    /// its last `end - start` code points are those of the document.
    pub text: String,
}

/// How far a member has read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReadMark {
    pub user_id: UserId,
    /// Everything up to this rev.
    pub rev: u64,
}
