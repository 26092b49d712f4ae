//! What a model is asked.

use collabry_shared::conversations::Citation;

/// A question with its history and the passages that may answer it.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerRequest {
    pub question: String,
    /// The messages before the question, oldest first.
    pub history: Vec<PastMessage>,
    /// Best first, numbered from 1.
    pub passages: Vec<Citation>,
    pub coverage: Coverage,
}

impl AnswerRequest {
    /// The question asked before this one.
    pub fn previous_question(&self) -> Option<&str> {
        self.history.iter().rev().find(|message| message.speaker == Speaker::User).map(|message| message.text.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastMessage {
    pub speaker: Speaker,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    User,
    Assistant,
}

/// What the search covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// The notebook, or the selection, has no sources.
    NoSources,
    /// There are sources, but none is searchable yet.
    NoneReady,
    Searched,
}
