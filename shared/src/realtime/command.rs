//! What clients send over sockets. `docs/realtime.md` documents each.

use strum::{EnumString, IntoStaticStr};

use crate::limits::Rule;

/// An event from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
pub enum ClientEvent {
    #[strum(serialize = "auth:refresh")]
    AuthRefresh,
    #[strum(serialize = "conversation:join")]
    ConversationJoin,
    #[strum(serialize = "conversation:leave")]
    ConversationLeave,
    #[strum(serialize = "generation:resume")]
    GenerationResume,
    #[strum(serialize = "generation:stop")]
    GenerationStop,
    #[strum(serialize = "message:delete")]
    MessageDelete,
    #[strum(serialize = "message:edit")]
    MessageEdit,
    #[strum(serialize = "message:regenerate")]
    MessageRegenerate,
    #[strum(serialize = "message:send")]
    MessageSend,
    #[strum(serialize = "messages:read")]
    MessagesRead,
    #[strum(serialize = "typing:start")]
    TypingStart,
    #[strum(serialize = "typing:stop")]
    TypingStop,
}

impl ClientEvent {
    /// Name of the Socket.IO event. It is parsed with [`FromStr`](std::str::FromStr).
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The rule that it counts against besides [`Rule::Events`], together with the same call over REST.
    pub fn rule(self) -> Option<Rule> {
        match self {
            Self::MessageSend | Self::MessageEdit | Self::MessageRegenerate => Some(Rule::Messages),
            Self::AuthRefresh
            | Self::ConversationJoin
            | Self::ConversationLeave
            | Self::GenerationResume
            | Self::GenerationStop
            | Self::MessageDelete
            | Self::MessagesRead
            | Self::TypingStart
            | Self::TypingStop => None,
        }
    }
}
