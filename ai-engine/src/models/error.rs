//! Every way in which an answer fails: its stable code, and what people are told.

use std::time::Duration;

use collabry_shared::conversations::CutOff;
use collabry_shared::conversations::Failure;
use collabry_shared::generations::Unwanted;
use collabry_shared::models::ModelId;

/// Why there is no answer, or not all of it. `Display` is for the log, [`AnswerError::failure`] for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    #[error("there is no model {0}")]
    UnknownModel(ModelId),
    #[error("the provider does not have the model")]
    ModelNotFound,
    #[error("the provider does not list its models, and this one never answered here")]
    Unchecked,
    #[error("no connection: {detail}")]
    Unreachable { detail: String },
    #[error("its certificate is not trusted: {detail} (SSL_CERT_FILE, or the system's store, has who is)")]
    Untrusted { detail: String },
    #[error("asked too often (wait: {retry_after:?})")]
    RateLimited { retry_after: Option<Duration> },
    #[error("answered with status {status}")]
    Unavailable { status: u16, retry_after: Option<Duration> },
    #[error("is loading the model")]
    Loading { retry_after: Option<Duration> },
    #[error("no text in time (COLLABRY_PROVIDER_FIRST_TOKEN_SECS)")]
    NoFirstToken,
    #[error("went silent in the middle (COLLABRY_PROVIDER_BETWEEN_TOKENS_SECS)")]
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
    #[error("ended without a word")]
    Nothing,
    #[error("ended without any text (thought: {thought}, reason: {cut_off:?})")]
    Empty { thought: bool, cut_off: Option<CutOff> },
    #[error("the account has no credit left")]
    NoCredit,
    #[error("the model cannot chat")]
    NoChat,
    #[error("the key may not use the model")]
    ModelNotAllowed,
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
    /// Whether another try may go better, as long as nothing was shown yet. One that took too long is not one of them: a
    /// server that loads its model would start over.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::RateLimited { .. }
                | Self::Unavailable { .. }
                | Self::Loading { .. }
                | Self::Nothing
                | Self::CutOff
        )
    }

    /// How long the provider asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after }
            | Self::Unavailable { retry_after, .. }
            | Self::Loading { retry_after } => *retry_after,
            _ => None,
        }
    }

    /// What people see; `label` is the provider's, as at the start of a sentence. Tells neither addresses nor keys nor
    /// the provider's own words.
    pub fn failure(&self, label: &str) -> Failure {
        let inside = inside(label);
        let (code, retryable, message) = match self {
            Self::UnknownModel(id) => {
                ("model_not_found", false, format!("There is no model {id}. Choose another one."))
            }
            Self::ModelNotFound => {
                ("model_not_found", false, format!("{label} does not have this model (any more). Choose another one."))
            }
            Self::Unchecked => (
                "model_unchecked",
                true,
                format!(
                    "{label} does not say which models it has, and this one was never used here. Try again in a moment, or choose another model."
                ),
            ),
            Self::Unreachable { .. }
            | Self::Untrusted { .. }
            | Self::RateLimited { .. }
            | Self::Loading { .. }
            | Self::Unavailable { .. }
            | Self::NoFirstToken
            | Self::Stalled
            | Self::CutOff => self.trouble(label),
            Self::Empty { thought, cut_off } => empty(*thought, *cut_off, label),
            Self::Nothing => empty(false, None, label),
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
            Self::ModelNotAllowed => (
                "model_not_allowed",
                false,
                format!(
                    "{label} does not let this server use this model. Choose another one, or ask whoever runs this server for it."
                ),
            ),
            Self::NoChat => ("model_cannot_chat", false, "This model cannot chat. Choose another one.".to_owned()),
            Self::NoCredit => (
                "provider_no_credit",
                false,
                format!(
                    "The account of this server at {inside} has no credit left. Choose another model, and tell whoever runs this server."
                ),
            ),
            Self::TooLong { .. } => (
                "answer_too_long",
                true,
                "The answer was too long and was cut off. Ask a narrower question, or choose another model.".to_owned(),
            ),
            Self::Busy => {
                ("engine_busy", true, "Too many answers are being written right now. Try again in a moment.".to_owned())
            }
            Self::QuestionGone => return Unwanted::QuestionGone.failure(),
            Self::Search { .. } => {
                ("search_failed", true, "The sources cannot be searched right now. Try again in a moment.".to_owned())
            }
            Self::Storage { .. } => {
                ("storage_failed", true, "The answer cannot be stored right now. Try again in a moment.".to_owned())
            }
        };
        Failure { code: code.to_owned(), message, retryable }
    }

    /// With the server, or the way to it.
    fn trouble(&self, label: &str) -> Told {
        let inside = inside(label);
        match self {
            Self::Unreachable { .. } => (
                "provider_unreachable",
                true,
                format!("{label} cannot be reached. Try again in a moment, or choose another model."),
            ),
            Self::Untrusted { .. } => (
                "provider_untrusted",
                false,
                format!(
                    "The certificate of {inside} is not trusted. Choose another model, and ask whoever runs this server to trust it (SSL_CERT_FILE)."
                ),
            ),
            Self::RateLimited { .. } => (
                "provider_rate_limited",
                true,
                format!("{label} is rate-limiting requests right now. Try again in a minute, or choose another model."),
            ),
            Self::Loading { .. } => (
                "provider_timeout",
                true,
                format!(
                    "{label} is still loading this model. Try again in a minute, choose another model, or ask whoever runs this server to wait longer (COLLABRY_PROVIDER_FIRST_TOKEN_SECS)."
                ),
            ),
            Self::Unavailable { .. } => (
                "provider_error",
                true,
                format!("{label} has a problem right now. Try again in a moment, or choose another model."),
            ),
            Self::NoFirstToken => (
                "provider_timeout",
                true,
                format!(
                    "{label} did not begin to answer in time. Try again, choose a faster model, or ask whoever runs this server to wait longer (COLLABRY_PROVIDER_FIRST_TOKEN_SECS)."
                ),
            ),
            Self::Stalled => (
                "provider_timeout",
                true,
                format!("{label} stopped in the middle of the answer. Try again, or choose another model."),
            ),
            _ => (
                "provider_cut_off",
                true,
                format!("The connection to {inside} broke before the answer was complete. Try again."),
            ),
        }
    }
}

/// A code, whether asking again may help, and what people see.
type Told = (&'static str, bool, String);

/// Why an answer has no text.
fn empty(thought: bool, cut_off: Option<CutOff>, label: &str) -> Told {
    let inside = inside(label);
    match (cut_off, thought) {
        (Some(CutOff::Length), thought) => (
            "answer_limit_reached",
            true,
            format!(
                "The model used up its limit{} before it answered. Ask a narrower question, or choose another model.",
                if thought { " while it was thinking," } else { "" }
            ),
        ),
        (Some(CutOff::Filter), _) => (
            "answer_withheld",
            false,
            format!(
                "A filter of {inside} withheld the answer. Put the question in other words, or choose another model."
            ),
        ),
        (Some(CutOff::Refusal), _) => (
            "model_declined",
            false,
            "The model declined to answer. Put the question in other words, or choose another model.".to_owned(),
        ),
        (_, true) => (
            "provider_empty",
            true,
            "The model ended while it was thinking, without an answer. Try again, or choose another model.".to_owned(),
        ),
        (_, false) => {
            ("provider_empty", true, format!("{label} ended without an answer. Try again, or choose another model."))
        }
    }
}

/// A label as it stands inside a sentence.
fn inside(label: &str) -> String {
    label.strip_prefix("The ").map_or_else(|| label.to_owned(), |name| format!("the {name}"))
}

#[cfg(test)]
mod tests {
    use super::AnswerError;

    #[test]
    fn a_label_is_lower_case_inside_a_sentence() {
        let told = |error: AnswerError, label| error.failure(label).message;
        let broke = "broke before the answer was complete. Try again.";
        assert_eq!(
            told(AnswerError::CutOff, "The model server"),
            format!("The connection to the model server {broke}")
        );
        assert_eq!(told(AnswerError::CutOff, "Ollama"), format!("The connection to Ollama {broke}"));
        assert!(told(AnswerError::Nothing, "The model server").starts_with("The model server ended"));
    }
}
