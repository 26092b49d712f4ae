//! Answers that nobody wants any more: writing them would cost, and storing them would show what was to be gone.

use crate::conversations::Failure;

/// Why nobody wants an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwanted {
    /// The conversation or its notebook was deleted.
    ConversationGone,
    /// The question was deleted.
    QuestionGone,
    /// The question was never stored: whoever was to store it died, or is about to.
    NoQuestion,
    /// Who asked is no member of the notebook any more.
    AskerGone,
}

impl Unwanted {
    /// What those who watch are told.
    pub fn failure(self) -> Failure {
        let (code, message) = match self {
            Self::ConversationGone | Self::QuestionGone => {
                ("question_deleted", "The question was deleted before it was answered.")
            }
            Self::NoQuestion => ("question_not_stored", "The question was not stored. Send it again."),
            Self::AskerGone => ("asker_left", "Who asked left the notebook before there was an answer."),
        };
        Failure { code: code.to_owned(), message: message.to_owned(), retryable: false }
    }
}
