//! Everything that the server sends to clients of its own accord, with its payload. `docs/realtime.md` documents each.

use jiff::Timestamp;
use serde::Serialize;
use strum::{IntoStaticStr, VariantNames};
use utoipa::ToSchema;

use crate::conversations::{Conversation, Message, ReadMark};
use crate::ids::{ConversationId, NotebookId, SourceId, UserId};
use crate::notifications::Notification;
use crate::sources::Source;

/// An event and its payload; [`MessageChange`] has those of messages.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema, IntoStaticStr, VariantNames)]
#[serde(untagged, rename_all_fields = "camelCase")]
#[expect(clippy::large_enum_variant, reason = "an event is made, sent and dropped: a box would cost and save nothing")]
pub enum Event {
    #[strum(serialize = "messages:read")]
    MessagesRead {
        conversation_id: ConversationId,
        #[schema(inline)]
        mark: ReadMark,
    },
    #[strum(serialize = "conversation:updated")]
    ConversationUpdated { conversation: Conversation },
    /// A message was added: `head` is its rev, `lastMessageAt` when it was made.
    #[strum(serialize = "conversation:activity")]
    ConversationActivity {
        notebook_id: NotebookId,
        conversation_id: ConversationId,
        head: u64,
        #[serde(serialize_with = "crate::clock::wire::time")]
        last_message_at: Timestamp,
    },
    /// Somebody has read up to `rev`, for their own other clients.
    #[strum(serialize = "conversation:read")]
    ConversationRead { notebook_id: NotebookId, conversation_id: ConversationId, rev: u64 },
    #[strum(serialize = "conversation:deleted")]
    ConversationDeleted { notebook_id: NotebookId, conversation_id: ConversationId },
    #[strum(serialize = "source:status")]
    SourceStatus { source: Source },
    #[strum(serialize = "source:deleted")]
    SourceDeleted { notebook_id: NotebookId, source_id: SourceId },
    #[strum(serialize = "notebook:updated")]
    NotebookUpdated { notebook_id: NotebookId, title: String },
    #[strum(serialize = "notebook:deleted")]
    NotebookDeleted { notebook_id: NotebookId },
    #[strum(serialize = "notebook:members")]
    MembersChanged { notebook_id: NotebookId },
    /// The members who are connected now.
    #[strum(serialize = "presence:update")]
    PresenceUpdate { notebook_id: NotebookId, user_ids: Vec<UserId> },
    #[strum(serialize = "user:typing")]
    UserTyping { conversation_id: ConversationId, user_id: UserId, name: String },
    #[strum(serialize = "user:stopped-typing")]
    UserStoppedTyping { conversation_id: ConversationId, user_id: UserId, name: String },
    #[strum(serialize = "notification:new")]
    NotificationNew { notification: Notification },
}

impl Event {
    /// In the order of the variants.
    pub const NAMES: &[&str] = Self::VARIANTS;

    /// Name of the Socket.IO event.
    pub fn name(&self) -> &'static str {
        self.into()
    }
}

/// What happened to a message, as its last change shows. Its events have an order, which the revs give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantNames)]
pub enum MessageChange {
    #[strum(serialize = "message:new")]
    New,
    #[strum(serialize = "message:edited")]
    Edited,
    #[strum(serialize = "message:deleted")]
    Deleted,
}

// The payload of each of these events. (No doc comment: it would be sent to readers of the OpenAPI document.)
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct ChangedMessage<'a> {
    pub message: &'a Message,
}

impl MessageChange {
    /// In the order of the variants.
    pub const NAMES: &[&str] = Self::VARIANTS;

    /// The last change of a message.
    pub fn of(message: &Message) -> Self {
        match message {
            Message { deleted_at: Some(_), .. } => Self::Deleted,
            Message { rev, position, .. } if rev == position => Self::New,
            _ => Self::Edited,
        }
    }

    /// Name of the Socket.IO event.
    pub fn name(self) -> &'static str {
        self.into()
    }
}
