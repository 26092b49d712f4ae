//! How a generation ended, from the point of view of the engine.

use collabry_shared::conversations::CutOff;
use collabry_shared::generations::{GenerationEnd, Unwanted};

use crate::models::AnswerError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// `Some`: why the answer may have ended too early.
    Complete(Option<CutOff>),
    Stopped,
    Interrupted,
    Failed(AnswerError),
    /// Nobody wants it any more.
    Unwanted(Unwanted),
    /// Another engine has taken it over, and will end it.
    TakenOver,
}

impl Outcome {
    /// The outcome as it is stored and published; `label` is that of the model's provider.
    pub fn published(&self, label: &str) -> GenerationEnd {
        match self {
            Self::Complete(cut_off) => GenerationEnd::Complete(*cut_off),
            Self::Stopped => GenerationEnd::Stopped,
            Self::Interrupted | Self::TakenOver => GenerationEnd::Interrupted,
            Self::Failed(error) => GenerationEnd::Failed(error.failure(label)),
            Self::Unwanted(why) => GenerationEnd::Unwanted(*why),
        }
    }
}

impl From<AnswerError> for Outcome {
    fn from(error: AnswerError) -> Self {
        Self::Failed(error)
    }
}
