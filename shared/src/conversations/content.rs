//! What may be sent as a message.

use serde::{Deserialize, Serialize};

use crate::ids::{GenerationId, MessageId};
use crate::text::is_blank;

/// Long enough for a pasted page of notes, short enough for any model's window.
pub const MAX_CONTENT_CHARS: usize = 16_000;

const MAX_CLIENT_ID_BYTES: usize = 64;

/// What the client ids of answers begin with. People may not choose such an id: who did could take an answer's place.
const RESERVED: [&str; 2] = [ANSWER, DISPLACED];
const ANSWER: &str = "generation:";
const DISPLACED: &str = "answer:";

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMessage {
    #[error("the message is empty")]
    Empty,
    #[error("the message is longer than {MAX_CONTENT_CHARS} characters; add long text as a source instead")]
    TooLong,
    #[error("clientId must be 1 to 64 visible ASCII characters")]
    ClientId,
    #[error("clientId must not begin with \"{ANSWER}\" or \"{DISPLACED}\": such ids are the server's own")]
    ClientIdReserved,
}

/// The text of a message. What people write is trimmed, not empty, at most [`MAX_CONTENT_CHARS`] code points, without NUL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content(String);

impl Content {
    pub fn parse(text: &str) -> Result<Self, InvalidMessage> {
        let text = text.trim().replace('\0', "");
        if is_blank(&text) {
            return Err(InvalidMessage::Empty);
        }
        if text.chars().count() > MAX_CONTENT_CHARS {
            return Err(InvalidMessage::TooLong);
        }
        Ok(Self(text))
    }

    /// What a model wrote: of any length, and empty when it failed before the first word.
    pub fn of_answer(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An id that the sending client makes up, so that a retry finds what the first try stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientId(String);

impl ClientId {
    /// An id that a person's client made.
    pub fn parse(text: &str) -> Result<Self, InvalidMessage> {
        let ok = (1..=MAX_CLIENT_ID_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if !ok {
            return Err(InvalidMessage::ClientId);
        }
        let reserved = |prefix: &&str| text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
        if RESERVED.iter().any(reserved) {
            return Err(InvalidMessage::ClientIdReserved);
        }
        Ok(Self(text.to_owned()))
    }

    /// Of the answer that a generation writes.
    pub fn of_answer(generation: GenerationId) -> Self {
        Self(format!("{ANSWER}{generation}"))
    }

    /// Of an answer whose place in the conversation another message has: one from before such ids were reserved.
    pub fn of_displaced(answer: MessageId) -> Self {
        Self(format!("{DISPLACED}{answer}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientId, InvalidMessage};
    use crate::ids::{GenerationId, MessageId};

    #[test]
    fn ids_of_answers_are_not_for_people() {
        for own in [ClientId::of_answer(GenerationId::new()), ClientId::of_displaced(MessageId::new())] {
            assert_eq!(ClientId::parse(own.as_str()), Err(InvalidMessage::ClientIdReserved));
            assert_eq!(ClientId::parse(&own.as_str().to_uppercase()), Err(InvalidMessage::ClientIdReserved));
            assert_eq!(serde_json::from_str::<ClientId>(&serde_json::to_string(&own).unwrap()).unwrap(), own);
        }
        for theirs in ["generation", "a:generation:", "answers", "1"] {
            assert_eq!(ClientId::parse(theirs).unwrap().as_str(), theirs);
        }
    }
}
