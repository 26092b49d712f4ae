//! Everything that is said to clients without being asked, with its payload. `docs/realtime.md` documents each.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::conversations::{Conversation, Message, ReadMark};
use crate::ids::{ConversationId, GenerationId, NotebookId, SessionId, SourceId, UserId};
use crate::notebooks::Role;
use crate::notifications::Notification;
use crate::sources::Source;

/// An event and its payload.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum Event {
    MessageNew {
        message: Message,
    },
    MessageEdited {
        message: Message,
    },
    MessageDeleted {
        message: Message,
    },
    MessagesRead {
        conversation_id: ConversationId,
        mark: ReadMark,
    },
    ConversationUpdated {
        conversation: Conversation,
    },
    /// A message was added: `head` is its rev, `last_message_at` when it was made.
    ConversationActivity {
        notebook_id: NotebookId,
        conversation_id: ConversationId,
        head: u64,
        #[serde(serialize_with = "crate::clock::wire::time")]
        last_message_at: Timestamp,
    },
    /// Somebody has read up to `rev`, for their own other clients.
    ConversationRead {
        notebook_id: NotebookId,
        conversation_id: ConversationId,
        rev: u64,
    },
    ConversationDeleted {
        notebook_id: NotebookId,
        conversation_id: ConversationId,
    },
    SourceStatus {
        source: Source,
    },
    SourceDeleted {
        notebook_id: NotebookId,
        source_id: SourceId,
    },
    NotebookUpdated {
        notebook_id: NotebookId,
        title: String,
    },
    NotebookDeleted {
        notebook_id: NotebookId,
    },
    MembersChanged {
        notebook_id: NotebookId,
    },
    /// The members who are connected now.
    PresenceUpdate {
        notebook_id: NotebookId,
        user_ids: Vec<UserId>,
    },
    UserTyping {
        conversation_id: ConversationId,
        user_id: UserId,
        name: String,
    },
    UserStoppedTyping {
        conversation_id: ConversationId,
        user_id: UserId,
        name: String,
    },
    NotificationNew {
        notification: Notification,
    },
}

impl Event {
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
        match self {
            Self::MessageNew { .. } => "message:new",
            Self::MessageEdited { .. } => "message:edited",
            Self::MessageDeleted { .. } => "message:deleted",
            Self::MessagesRead { .. } => "messages:read",
            Self::ConversationUpdated { .. } => "conversation:updated",
            Self::ConversationActivity { .. } => "conversation:activity",
            Self::ConversationRead { .. } => "conversation:read",
            Self::ConversationDeleted { .. } => "conversation:deleted",
            Self::SourceStatus { .. } => "source:status",
            Self::SourceDeleted { .. } => "source:deleted",
            Self::NotebookUpdated { .. } => "notebook:updated",
            Self::NotebookDeleted { .. } => "notebook:deleted",
            Self::MembersChanged { .. } => "notebook:members",
            Self::PresenceUpdate { .. } => "presence:update",
            Self::UserTyping { .. } => "user:typing",
            Self::UserStoppedTyping { .. } => "user:stopped-typing",
            Self::NotificationNew { .. } => "notification:new",
        }
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
