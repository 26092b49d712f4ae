//! How the writing of an answer ended, as the engine sees it.

use collabry_shared::conversations::CutOff;
use collabry_shared::generations::{End, Unwanted};

use crate::models::AnswerError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Or so the model says; otherwise why it may end too early.
    Complete(Option<CutOff>),
    Stopped,
    Interrupted,
    Failed(AnswerError),
    /// Nobody wants it any more.
    Unwanted(Unwanted),
    /// Another engine has it now, and will end it.
    TakenOver,
}

impl Outcome {
    /// What everyone is told; `label` is what people call the model's provider.
    pub fn told(&self, label: &str) -> End {
        match self {
            Self::Complete(cut_off) => End::Complete(*cut_off),
            Self::Stopped => End::Stopped,
            Self::Interrupted | Self::TakenOver => End::Interrupted,
            Self::Failed(error) => End::Failed(error.failure(label)),
            Self::Unwanted(why) => End::Unwanted(*why),
        }
    }
}

impl From<AnswerError> for Outcome {
    fn from(error: AnswerError) -> Self {
        Self::Failed(error)
    }
}
