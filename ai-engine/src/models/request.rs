//! What a model is asked to do.

use collabry_shared::conversations::Citation;

/// A question, what was said before it, and the passages that may answer it.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    pub question: String,
    /// What was said before, oldest first.
    pub history: Vec<Turn>,
    /// Best first, numbered from 1.
    pub passages: Vec<Citation>,
    pub coverage: Coverage,
}

impl Task {
    /// The question asked before this one.
    pub fn previous_question(&self) -> Option<&str> {
        self.history.iter().rev().find(|turn| turn.speaker == Speaker::User).map(|turn| turn.text.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    pub speaker: Speaker,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    User,
    Assistant,
}

/// What there was to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// The notebook, or the selection, has no sources.
    NoSources,
    /// There are sources, but none is ready to be searched.
    NoneReady,
    Searched,
}
