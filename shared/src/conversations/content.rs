//! What may be sent as a message.

use serde::{Deserialize, Serialize};

/// Long enough for a pasted page of notes, short enough for any model's window.
pub const MAX_CONTENT_CHARS: usize = 16_000;

const MAX_CLIENT_ID_BYTES: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMessage {
    #[error("the message is empty")]
    Empty,
    #[error("the message is longer than {MAX_CONTENT_CHARS} characters; add long text as a source instead")]
    TooLong,
    #[error("clientId must be 1 to 64 visible ASCII characters")]
    ClientId,
}

impl InvalidMessage {
    /// Stable, for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "message_empty",
            Self::TooLong => "message_too_long",
            Self::ClientId => "client_id_invalid",
        }
    }
}

/// A message's text: trimmed, not empty, at most [`MAX_CONTENT_CHARS`] code points, without NUL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content(String);

impl Content {
    pub fn parse(text: &str) -> Result<Self, InvalidMessage> {
        let text = text.trim().replace('\0', "");
        if text.is_empty() {
            return Err(InvalidMessage::Empty);
        }
        if text.chars().count() > MAX_CONTENT_CHARS {
            return Err(InvalidMessage::TooLong);
        }
        Ok(Self(text))
    }

    pub fn into_text(self) -> String {
        self.0
    }
}

/// An id that the sending client makes up, so that a retry finds what the first try stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(String);

impl ClientId {
    pub fn parse(text: &str) -> Result<Self, InvalidMessage> {
        let ok = (1..=MAX_CLIENT_ID_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if ok { Ok(Self(text.to_owned())) } else { Err(InvalidMessage::ClientId) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ClientId {
    type Error = InvalidMessage;

    fn try_from(text: String) -> Result<Self, InvalidMessage> {
        Self::parse(&text)
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.0
    }
}
