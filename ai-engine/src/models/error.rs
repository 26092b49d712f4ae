//! Every way in which an answer fails: a stable code, and a message for people.

use std::time::Duration;

use collabry_shared::conversations::CutOff;
use collabry_shared::conversations::Failure;
use collabry_shared::generations::Unwanted;
use collabry_shared::models::ModelId;

/// Why there is no answer, or only part of it. `Display` is for the log, [`AnswerError::failure`] for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    #[error("there is no model {0}")]
    UnknownModel(ModelId),
    #[error("the provider does not have the model")]
    ModelNotFound,
    #[error("the provider does not list its models, and this model has never answered here")]
    Unchecked,
    #[error("no connection: {detail}")]
    Unreachable { detail: String },
    #[error("its certificate is not trusted: {detail} (add its authority to the system's store, or set SSL_CERT_FILE)")]
    Untrusted { detail: String },
    #[error("rate limited (retry after: {retry_after:?})")]
    RateLimited { retry_after: Option<Duration> },
    #[error("answered with status {status}")]
    Unavailable { status: u16, retry_after: Option<Duration> },
    #[error("is loading the model")]
    Loading { retry_after: Option<Duration> },
    #[error("timeout before the first token (COLLABRY_PROVIDER_FIRST_TOKEN_SECS)")]
    NoFirstToken,
    #[error("timeout between tokens (COLLABRY_PROVIDER_BETWEEN_TOKENS_SECS)")]
    Stalled,
    #[error("the connection closed before the answer was complete")]
    CutOff,
    #[error("the key is missing, wrong or lacks a permission (status {status})")]
    Refused { status: u16 },
    #[error("the question and its passages exceed the model's context window")]
    PromptTooLong,
    #[error("reported an error: {detail}")]
    Reported { detail: String },
    #[error("violated the protocol: {detail}")]
    Garbled { detail: &'static str },
    #[error("the address does not answer like a model server (status {status})")]
    WrongAddress { status: u16 },
    #[error("empty response")]
    Nothing,
    #[error("ended without text (thought: {thought}, reason: {cut_off:?})")]
    Empty { thought: bool, cut_off: Option<CutOff> },
    #[error("the account has no credit left")]
    NoCredit,
    #[error("the model cannot chat")]
    NoChat,
    #[error("the key may not use the model")]
    ModelNotAllowed,
    #[error("the answer is longer than {limit} bytes")]
    TooLong { limit: usize },
    #[error("the engine is at capacity")]
    Busy,
    #[error("the question is gone")]
    QuestionGone,
    #[error("the sources cannot be searched: {detail}")]
    Search { detail: String },
    #[error("the answer cannot be stored: {detail}")]
    Storage { detail: String },
}

impl AnswerError {
    /// Whether a retry may succeed, as long as nothing was shown yet. A timeout is not transient: a server that loads
    /// its model would start over.
    pub fn is_transient(&self) -> bool {
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

    /// How long the provider asked to wait before a retry.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after }
            | Self::Unavailable { retry_after, .. }
            | Self::Loading { retry_after } => *retry_after,
            _ => None,
        }
    }

    /// The failure as people see it; `label` is the provider's, as at the start of a sentence. It contains no address,
    /// no key and none of the provider's own words.
    pub fn failure(&self, label: &str) -> Failure {
        let inside = inside(label);
        let (code, retryable, message) = match self {
            Self::UnknownModel(id) => {
                ("model_not_found", false, format!("There is no model {id}. Choose another one."))
            }
            Self::ModelNotFound => {
                ("model_not_found", false, format!("{label} no longer offers this model. Choose another one."))
            }
            Self::Unchecked => (
                "model_unchecked",
                true,
                format!(
                    "{label} does not list its models, and this one was never used here. Try again in a moment, or choose another model."
                ),
            ),
            Self::Unreachable { .. }
            | Self::Untrusted { .. }
            | Self::RateLimited { .. }
            | Self::Loading { .. }
            | Self::Unavailable { .. }
            | Self::NoFirstToken
            | Self::Stalled
            | Self::CutOff => self.connection_failure(label),
            Self::Empty { thought, cut_off } => empty(*thought, *cut_off, label),
            Self::Nothing => empty(false, None, label),
            Self::Refused { .. } => (
                "provider_refused",
                false,
                format!(
                    "{label} rejects our key. Choose another model, and ask the server's administrator to set a valid key."
                ),
            ),
            Self::PromptTooLong => (
                "prompt_too_long",
                false,
                "The question and its passages are too long for this model. Shorten the question, or choose another model."
                    .to_owned(),
            ),
            Self::Reported { .. } | Self::Garbled { .. } => {
                ("provider_error", true, format!("{label} reported an error. Try again, or choose another model."))
            }
            Self::WrongAddress { .. } => (
                "provider_error",
                false,
                format!(
                    "{label} is not set up correctly. Choose another model, and ask the server's administrator to check its address."
                ),
            ),
            Self::ModelNotAllowed => (
                "model_not_allowed",
                false,
                format!(
                    "{label} does not allow this server to use this model. Choose another one, or ask the server's administrator for access."
                ),
            ),
            Self::NoChat => ("model_cannot_chat", false, "This model cannot chat. Choose another one.".to_owned()),
            Self::NoCredit => (
                "provider_no_credit",
                false,
                format!(
                    "This server's account at {inside} is out of credit. Choose another model, and tell the server's administrator."
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

    /// Failures of the server or of the connection to it.
    fn connection_failure(&self, label: &str) -> FailureText {
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
                    "The certificate of {inside} is not trusted. Choose another model, and ask the server's administrator to trust it (SSL_CERT_FILE)."
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
                    "{label} is still loading this model. Try again in a minute, choose another model, or ask the server's administrator to raise the timeout (COLLABRY_PROVIDER_FIRST_TOKEN_SECS)."
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
                    "{label} did not start to answer in time. Try again, choose a faster model, or ask the server's administrator to raise the timeout (COLLABRY_PROVIDER_FIRST_TOKEN_SECS)."
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

/// A code, whether asking again may help, and the message for people.
type FailureText = (&'static str, bool, String);

/// Why an answer has no text.
fn empty(thought: bool, cut_off: Option<CutOff>, label: &str) -> FailureText {
    let inside = inside(label);
    match (cut_off, thought) {
        (Some(CutOff::Length), thought) => (
            "answer_limit_reached",
            true,
            format!(
                "The model reached its limit{} before it answered. Ask a narrower question, or choose another model.",
                if thought { " while thinking," } else { "" }
            ),
        ),
        (Some(CutOff::Filter), _) => (
            "answer_withheld",
            false,
            format!("A filter of {inside} withheld the answer. Rephrase the question, or choose another model."),
        ),
        (Some(CutOff::Refusal), _) => (
            "model_declined",
            false,
            "The model declined to answer. Rephrase the question, or choose another model.".to_owned(),
        ),
        (_, true) => (
            "provider_empty",
            true,
            "The model stopped while thinking, without an answer. Try again, or choose another model.".to_owned(),
        ),
        (_, false) => {
            ("provider_empty", true, format!("{label} returned no answer. Try again, or choose another model."))
        }
    }
}

/// The label inside a sentence.
fn inside(label: &str) -> String {
    label.strip_prefix("The ").map_or_else(|| label.to_owned(), |name| format!("the {name}"))
}

#[cfg(test)]
mod tests {
    use super::AnswerError;

    #[test]
    fn a_label_is_lower_case_inside_a_sentence() {
        let message = |error: AnswerError, label| error.failure(label).message;
        let broke = "broke before the answer was complete. Try again.";
        assert_eq!(
            message(AnswerError::CutOff, "The model server"),
            format!("The connection to the model server {broke}")
        );
        assert_eq!(message(AnswerError::CutOff, "Ollama"), format!("The connection to Ollama {broke}"));
        assert!(message(AnswerError::Nothing, "The model server").starts_with("The model server returned"));
    }
}
