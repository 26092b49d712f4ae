//! What processes tell the api replicas, and no client receives as such.

use serde::{Deserialize, Serialize};

use crate::ids::{ConversationId, GenerationId, NotebookId, SessionId, UserId};
use crate::notebooks::Role;

/// What an api replica needs to know to keep its sockets in the right rooms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signal {
    /// A generation has begun: follow its log for those who have the conversation open.
    GenerationRunning { generation_id: GenerationId, conversation_id: ConversationId },
    /// The session has ended: close its sockets.
    SessionEnded { session_id: SessionId },
    /// A user became a member (`Some` role) or stopped being one: their sockets enter or leave its rooms.
    Membership { notebook_id: NotebookId, user_id: UserId, role: Option<Role> },
}
