//! What storage must do for conversations and their logs.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    Asked, Author, Citation, ClientId, Content, Conversation, CutOff, Message, MessageStatus, Page, ReadMark, Title,
};
use crate::conversations::Failure;
use crate::ids::{ConversationId, GenerationId, MessageId, NotebookId, UserId};
use crate::models::ModelId;
use crate::notebooks::Role;
use crate::pages::Window;
use crate::storage::StoreResult;

/// A message about to take its rev.
#[derive(Debug, Clone, PartialEq)]
pub struct NewMessage {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub client_id: ClientId,
    pub author: Author,
    pub content: Content,
    pub citations: Vec<Citation>,
    pub status: MessageStatus,
    pub failure: Option<Failure>,
    pub cut_off: Option<CutOff>,
    pub generation_id: Option<GenerationId>,
    pub reply_to: Option<MessageId>,
    pub asked: Option<Asked>,
    pub created_at: Timestamp,
}

/// What became of an append.
#[derive(Debug, Clone, PartialEq)]
pub enum Appended {
    Created(Arc<Message>),
    /// The client id is known in this conversation: this is what was stored for it.
    Existing(Arc<Message>),
}

impl Appended {
    pub fn message(&self) -> &Message {
        match self {
            Self::Created(message) | Self::Existing(message) => message,
        }
    }

    pub fn into_message(self) -> Arc<Message> {
        match self {
            Self::Created(message) | Self::Existing(message) => message,
        }
    }
}

/// What somebody needs who opens a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    pub conversation: Conversation,
    /// Theirs in its notebook.
    pub role: Role,
    /// Everybody in its notebook.
    pub members: Vec<UserId>,
    /// What changed since they last looked, by rev; else the newest messages, oldest first.
    pub page: Page,
    pub read_marks: Vec<ReadMark>,
}

/// A change to a stored message.
#[derive(Debug, Clone, PartialEq)]
pub enum Rewrite {
    /// Replaces the text.
    Edit { content: Content },
    /// Leaves an empty tombstone: text and citations are gone.
    Delete,
    /// A newer answer takes its place: its text stays.
    Supersede { by: MessageId },
}

/// What is to become of a conversation: `None` leaves as it is, `Some(None)` clears.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConversationUpdate {
    pub title: Option<Option<Title>>,
    pub model: Option<Option<ModelId>>,
}

/// Conversations and their logs. To every method but those that restore or purge it, a conversation is gone once it is
/// marked as deleted or its notebook is.
#[async_trait]
pub trait ConversationRepo: Send + Sync {
    async fn create(&self, conversation: &Conversation) -> StoreResult<()>;
    async fn get(&self, id: ConversationId) -> StoreResult<Option<Conversation>>;
    /// The conversation, and the role in its notebook of `user`; `None` when it is gone or they are no member. One read.
    async fn for_member(&self, id: ConversationId, user: UserId) -> StoreResult<Option<(Conversation, Role)>>;
    /// What a member needs who opens a conversation: at most `limit` messages changed after `since`, else the newest.
    /// Whether they are a member is read last. `None` as for [`for_member`](Self::for_member).
    async fn open(
        &self,
        id: ConversationId,
        user: UserId,
        since: Option<u64>,
        limit: u32,
    ) -> StoreResult<Option<Opened>>;
    /// Those with the newest message first.
    async fn list(&self, notebook: NotebookId) -> StoreResult<Vec<Conversation>> {
        self.list_page(notebook, &Window::WHOLE).await
    }
    /// A part of [`list`](Self::list), placed by the time of the newest message and id.
    async fn list_page(&self, notebook: NotebookId, window: &Window) -> StoreResult<Vec<Conversation>>;
    /// The number of conversations of a notebook that `user` started.
    async fn count_begun(&self, notebook: NotebookId, user: UserId) -> StoreResult<u64>;
    /// Changes a conversation in one step with the check that it is still as it was `seen`: `None` when there is no such
    /// conversation, [`StoreError::Changed`](crate::storage::StoreError::Changed) when it is not as it was seen.
    async fn update(
        &self,
        id: ConversationId,
        seen: Option<&Conversation>,
        change: &ConversationUpdate,
    ) -> StoreResult<Option<Conversation>>;
    /// Gives an untitled conversation its title; `None` when it has one or is gone.
    async fn title_if_none(&self, id: ConversationId, title: &Title) -> StoreResult<Option<Conversation>>;
    /// Hides a conversation from everyone, under the same check as [`update`](Self::update); `false` when there is none.
    async fn mark_deleted(&self, id: ConversationId, seen: Option<&Conversation>, now: Timestamp) -> StoreResult<bool>;
    /// The deleted conversations of a notebook that can be restored, and when each was deleted, last deleted first: the
    /// part in the window, placed by that time and id.
    async fn deleted_in(&self, notebook: NotebookId, window: &Window) -> StoreResult<Vec<(Conversation, Timestamp)>>;
    /// A deleted conversation that can be restored, for access checks that start from the conversation.
    async fn deleted_one(&self, id: ConversationId) -> StoreResult<Option<Conversation>>;
    /// Restores a deleted conversation; `None` when it is not deleted, or is purged.
    async fn restore(&self, id: ConversationId) -> StoreResult<Option<Conversation>>;
    /// Conversations marked as deleted at `upto` or before that are still to be purged.
    async fn deleted(&self, upto: Timestamp) -> StoreResult<Vec<ConversationId>>;
    /// Removes a deleted conversation with its messages and generations; run again after a crash, it continues where it was.
    async fn purge(&self, id: ConversationId) -> StoreResult<()>;

    /// Stores a message at the next rev; once it returns, the message is durable.
    /// [`StoreError::Missing`](crate::storage::StoreError::Missing) when the conversation is gone.
    async fn append(&self, message: &NewMessage) -> StoreResult<Appended>;
    /// As [`append`](Self::append), for a caller that has just read the conversation and its head, which saves reading it
    /// again.
    async fn append_at(&self, message: &NewMessage, _head: u64) -> StoreResult<Appended> {
        self.append(message).await
    }
    /// What is stored for a client id.
    async fn by_client_id(&self, conversation: ConversationId, client_id: &ClientId) -> StoreResult<Option<Message>>;
    /// Changes a message at the next rev; `None` when it is gone, deleted already, or superseded by this one already.
    async fn rewrite(
        &self,
        conversation: ConversationId,
        id: MessageId,
        rewrite: &Rewrite,
        now: Timestamp,
    ) -> StoreResult<Option<Message>> {
        self.rewrite_seen(conversation, id, None, rewrite, now).await
    }
    /// As [`rewrite`](Self::rewrite), if the message still stands at the rev that was `seen`;
    /// [`StoreError::Changed`](crate::storage::StoreError::Changed) when it does not.
    async fn rewrite_seen(
        &self,
        conversation: ConversationId,
        id: MessageId,
        seen: Option<u64>,
        rewrite: &Rewrite,
        now: Timestamp,
    ) -> StoreResult<Option<Message>>;
    async fn message(&self, conversation: ConversationId, id: MessageId) -> StoreResult<Option<Message>>;
    /// The newest answer to a question that is not deleted.
    async fn latest_answer(&self, conversation: ConversationId, question: MessageId) -> StoreResult<Option<Message>>;
    /// At most `limit` messages with a position below `before`, newest first; tombstones included.
    async fn history(&self, conversation: ConversationId, before: Option<u64>, limit: u32) -> StoreResult<Page>;
    /// At most `limit` messages changed after `rev`, by rev.
    async fn changes_since(&self, conversation: ConversationId, rev: u64, limit: u32) -> StoreResult<Page>;

    /// Moves a member's read mark forward; `false` when it already stands at `rev` or above.
    async fn mark_read(&self, conversation: ConversationId, user: UserId, rev: u64) -> StoreResult<bool>;
    async fn read_marks(&self, conversation: ConversationId) -> StoreResult<Vec<ReadMark>>;
    /// How far somebody has read those of these conversations in which they have a mark.
    async fn read_revs(&self, of: UserId, among: &[ConversationId]) -> StoreResult<HashMap<ConversationId, u64>>;
}
