//! Every way in which an answer fails: its stable code, and what people are told.

use std::time::Duration;

use collabry_shared::engine::ModelId;
use collabry_shared::generations::Failure;

/// Why there is no answer, or not all of it. `Display` is for the log, [`AnswerError::failure`] for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    #[error("there is no model {0}")]
    UnknownModel(ModelId),
    #[error("the provider does not have the model")]
    ModelNotFound,
    #[error("no connection")]
    Unreachable,
    #[error("asked too often (wait: {retry_after:?})")]
    RateLimited { retry_after: Option<Duration> },
    #[error("answered with status {status}")]
    Unavailable { status: u16, retry_after: Option<Duration> },
    #[error("no text in time")]
    NoFirstToken,
    #[error("went silent in the middle")]
    Stalled,
    #[error("the connection ended before the answer did")]
    CutOff,
    #[error("the key is missing, wrong, or lacks the right (status {status})")]
    Refused { status: u16 },
    #[error("the question and its passages are longer than the model's window")]
    PromptTooLong,
    #[error("reported an error: {detail}")]
    Reported { detail: String },
    #[error("sent what is not the protocol: {detail}")]
    Garbled { detail: &'static str },
    #[error("the address does not answer like a model server (status {status})")]
    WrongAddress { status: u16 },
    #[error("ended without any text")]
    Empty,
    #[error("the answer is longer than {limit} bytes")]
    TooLong { limit: usize },
    #[error("the engine is full of work")]
    Busy,
    #[error("the question is gone")]
    QuestionGone,
    #[error("the sources cannot be searched: {detail}")]
    Search { detail: String },
    #[error("the answer cannot be stored: {detail}")]
    Storage { detail: String },
}

impl AnswerError {
    /// Whether another try may go better, as long as nothing was shown yet.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable
                | Self::RateLimited { .. }
                | Self::Unavailable { .. }
                | Self::NoFirstToken
                | Self::Stalled
                | Self::CutOff
        )
    }

    /// How long the provider asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } | Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What people see; `label` is the provider's. Tells neither addresses nor keys nor the provider's own words.
    pub fn failure(&self, label: &str) -> Failure {
        let (code, retryable, message) = match self {
            Self::UnknownModel(id) => {
                ("model_not_found", false, format!("There is no model {id}. Choose another one."))
            }
            Self::ModelNotFound => {
                ("model_not_found", false, format!("{label} does not have this model (any more). Choose another one."))
            }
            Self::Unreachable => (
                "provider_unreachable",
                true,
                format!("{label} cannot be reached. Try again in a moment, or choose another model."),
            ),
            Self::RateLimited { .. } => (
                "provider_rate_limited",
                true,
                format!("{label} is asked too often right now. Try again in a minute, or choose another model."),
            ),
            Self::Unavailable { .. } => (
                "provider_error",
                true,
                format!("{label} has a problem right now. Try again in a moment, or choose another model."),
            ),
            Self::NoFirstToken => (
                "provider_timeout",
                true,
                format!("{label} did not begin to answer in time. Try again, or choose a faster model."),
            ),
            Self::Stalled => (
                "provider_timeout",
                true,
                format!("{label} stopped in the middle of the answer. Try again, or choose another model."),
            ),
            Self::CutOff => (
                "provider_cut_off",
                true,
                format!("The connection to {label} broke before the answer was complete. Try again."),
            ),
            Self::Refused { .. } => (
                "provider_refused",
                false,
                format!(
                    "{label} refuses our key. Choose another model, and ask whoever runs this server to set a valid key."
                ),
            ),
            Self::PromptTooLong => (
                "prompt_too_long",
                false,
                "The question with its passages is too long for this model. Shorten it, or choose another model."
                    .to_owned(),
            ),
            Self::Reported { .. } | Self::Garbled { .. } => {
                ("provider_error", true, format!("{label} reported an error. Try again, or choose another model."))
            }
            Self::WrongAddress { .. } => (
                "provider_error",
                false,
                format!(
                    "{label} is not set up correctly. Choose another model, and ask whoever runs this server to check its address."
                ),
            ),
            Self::Empty => (
                "provider_empty",
                true,
                format!("{label} ended without an answer. Try again, or choose another model."),
            ),
            Self::TooLong { .. } => (
                "answer_too_long",
                true,
                "The answer did not come to an end and was cut off. Ask a narrower question, or choose another model."
                    .to_owned(),
            ),
            Self::Busy => {
                ("engine_busy", true, "Too many answers are being written right now. Try again in a moment.".to_owned())
            }
            Self::QuestionGone => return Failure::question_deleted(),
            Self::Search { .. } => {
                ("search_failed", true, "The sources cannot be searched right now. Try again in a moment.".to_owned())
            }
            Self::Storage { .. } => {
                ("storage_failed", true, "The answer cannot be stored right now. Try again in a moment.".to_owned())
            }
        };
        Failure { code: code.to_owned(), message, retryable }
    }
}
