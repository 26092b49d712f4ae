//! Rooms and their names.

use std::fmt;
use std::str::FromStr;

use crate::ids::{ConversationId, NotebookId, SessionId, UserId};

/// A set of sockets. Who is in which room is decided by the server alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Room {
    User(UserId),
    Session(SessionId),
    /// Every connected member of the notebook.
    Notebook(NotebookId),
    /// The members who have the conversation open.
    Conversation(ConversationId),
    /// The connected members of the notebook who do not have the conversation open.
    Outside(NotebookId, ConversationId),
}

impl Room {
    /// The room whose sockets to send to, and the room whose sockets are left out: sockets join every kind of room but
    /// [`Room::Outside`], which is made of two.
    pub fn audience(self) -> (Self, Option<Self>) {
        match self {
            Self::Outside(notebook, conversation) => (Self::Notebook(notebook), Some(Self::Conversation(conversation))),
            room => (room, None),
        }
    }
}

/// A text that is not the name of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a room")]
pub struct InvalidRoom;

const USER: &str = "user:";
const SESSION: &str = "session:";
const NOTEBOOK: &str = "notebook:";
const CONVERSATION: &str = "conversation:";
const OUTSIDE: &str = " outside ";

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "{USER}{id}"),
            Self::Session(id) => write!(f, "{SESSION}{id}"),
            Self::Notebook(id) => write!(f, "{NOTEBOOK}{id}"),
            Self::Conversation(id) => write!(f, "{CONVERSATION}{id}"),
            Self::Outside(notebook, id) => write!(f, "{NOTEBOOK}{notebook}{OUTSIDE}{CONVERSATION}{id}"),
        }
    }
}

impl FromStr for Room {
    type Err = InvalidRoom;

    fn from_str(name: &str) -> Result<Self, InvalidRoom> {
        if let Some((notebook, conversation)) = name.split_once(OUTSIDE) {
            return Ok(Self::Outside(id_after(NOTEBOOK, notebook)?, id_after(CONVERSATION, conversation)?));
        }
        id_after(USER, name)
            .map(Self::User)
            .or_else(|_| id_after(SESSION, name).map(Self::Session))
            .or_else(|_| id_after(NOTEBOOK, name).map(Self::Notebook))
            .or_else(|_| id_after(CONVERSATION, name).map(Self::Conversation))
    }
}

fn id_after<T: FromStr>(prefix: &str, name: &str) -> Result<T, InvalidRoom> {
    name.strip_prefix(prefix).and_then(|id| id.parse().ok()).ok_or(InvalidRoom)
}

#[cfg(test)]
mod tests {
    use super::{InvalidRoom, Room};
    use crate::ids::{ConversationId, NotebookId, SessionId, UserId};

    #[test]
    fn each_room_is_parsed_from_its_name() {
        let (notebook, conversation) = (NotebookId::new(), ConversationId::new());
        for room in [
            Room::User(UserId::new()),
            Room::Session(SessionId::new()),
            Room::Notebook(notebook),
            Room::Conversation(conversation),
            Room::Outside(notebook, conversation),
        ] {
            assert_eq!(room.to_string().parse(), Ok(room));
        }
    }

    #[test]
    fn other_texts_name_no_room() {
        for name in ["", "user", "user:", "user:7", "room:0199c5d2-6d4c-7c3f-8a55-2b1d0d5f7a10", " outside "] {
            assert_eq!(name.parse::<Room>(), Err(InvalidRoom), "{name}");
        }
    }
}
