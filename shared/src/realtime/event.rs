//! Everything that is said to clients without being asked, with its payload. `docs/realtime.md` documents each.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{IntoStaticStr, VariantNames};
use utoipa::ToSchema;

use crate::conversations::{Conversation, Message, ReadMark};
use crate::ids::{ConversationId, GenerationId, NotebookId, SessionId, SourceId, UserId};
use crate::notebooks::Role;
use crate::notifications::Notification;
use crate::sources::Source;

/// An event and its payload.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema, IntoStaticStr, VariantNames)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum Event {
    #[strum(serialize = "message:new")]
    MessageNew { message: Message },
    #[strum(serialize = "message:edited")]
    MessageEdited { message: Message },
    #[strum(serialize = "message:deleted")]
    MessageDeleted { message: Message },
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

    /// What a message's last change is to those who watch.
    pub fn of_change(message: Message) -> Self {
        match &message {
            Message { deleted_at: Some(_), .. } => Self::MessageDeleted { message },
            Message { rev, position, .. } if rev == position => Self::MessageNew { message },
            _ => Self::MessageEdited { message },
        }
    }

    /// The message that changed. These events have an order, which their revs give.
    pub fn message(&self) -> Option<&Message> {
        match self {
            Self::MessageNew { message } | Self::MessageEdited { message } | Self::MessageDeleted { message } => {
                Some(message)
            }
            _ => None,
        }
    }

    /// Name of the Socket.IO event.
    pub fn name(&self) -> &'static str {
        self.into()
    }

    /// The payload as JSON.
    pub fn payload(&self) -> serde_json::Result<Value> {
        serde_json::to_value(self)
    }
}

/// What the api replicas need to know to serve their sockets right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signal {
    /// A generation has begun: tail its log for those who have the conversation open.
    GenerationRunning { generation_id: GenerationId, conversation_id: ConversationId },
    /// Signed out: its sockets end.
    SessionEnded { session_id: SessionId },
    /// A user became a member (`Some` role) or stopped being one: their sockets enter or leave its rooms.
    Membership { notebook_id: NotebookId, user_id: UserId, role: Option<Role> },
}
