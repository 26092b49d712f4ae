//! What statuses and error objects mean, in each server's words.

use std::time::Duration;

use collabry_shared::clock::Clock;
use collabry_shared::conversations::CutOff;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::AnswerError;

/// Enough to know what to look for in the provider's own log.
const MAX_DETAIL_CHARS: usize = 200;

/// What a provider said is wrong, in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Codes, types and statuses.
    kind: String,
    message: String,
    /// The parameters that it is about.
    params: String,
    detail: String,
}

/// A request that was turned down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub error: AnswerError,
    /// What was said, unless it is about the account or the server.
    pub told: Option<Told>,
}

impl From<AnswerError> for Refusal {
    fn from(error: AnswerError) -> Self {
        Self { error, told: None }
    }
}

impl From<Refusal> for AnswerError {
    fn from(refusal: Refusal) -> Self {
        refusal.error
    }
}

const NO_CREDIT: [&str; 15] = [
    "insufficient_quota",
    "billing_",
    "credit balance",
    "insufficient balance",
    "insufficient_balance",
    "insufficient credit",
    "insufficient_credit",
    "insufficient funds",
    "insufficient_user_quota",
    "not enough credit",
    "out of credit",
    "requires more credits",
    "payment required",
    "arrearage",
    "purchase credits",
];

const TOO_LONG: [&str; 30] = [
    "context_length_exceeded",
    "exceed_context_size",
    "request_too_large",
    "string_above_max_length",
    "prompt is too long",
    "prompt too long",
    "input is too long",
    "input too long",
    "too long for",
    "too large for model",
    "maximum context length",
    "max context length",
    "maximum input length",
    "maximum prompt length",
    "maximum model length",
    "max_model_len",
    "context length of only",
    "context length is only",
    "exceeds context length",
    "exceeds the context",
    "exceed the context",
    "exceed context",
    "context window",
    "context size",
    "context the overflows",
    "too many tokens",
    "input token count",
    "tokens + `max_new_tokens`",
    "must have less than",
    "reduce the length",
];

const WITHHELD: [&str; 8] = [
    "content_filter",
    "content_policy",
    "content filtering policy",
    "responsibleaipolicy",
    "content management policy",
    "content exists risk",
    "data_inspection_failed",
    "moderation_blocked",
];

const NO_CHAT: [&str; 15] = [
    "does not support chat",
    "not support the chat",
    "doesn't support chat",
    "not a chat model",
    "not chat model",
    "cannot chat",
    "not supported in the v1/chat",
    "only supported in v1/responses",
    "not supported for generatecontent",
    "not support text generation",
    "not allowed to sample",
    "is an embedding model",
    "embedding model cannot",
    "does not support generate",
    "chat template is no longer allowed",
];

const NO_MODEL: [&str; 11] = [
    "model_not_found",
    "model not found",
    "model_not_exist",
    "model not exist",
    "no such model",
    "unknown model",
    "unknown_model",
    "invalid model name",
    "is not a valid model",
    "invalid_model",
    "does not exist or you do not have access",
];

impl Told {
    /// What a JSON value reports, if it reports an error. Bodies of errors differ with each server: a string, an object,
    /// a list of them, with or without a name.
    pub fn read(value: &Value) -> Option<Self> {
        if let Value::Array(all) = value {
            return all.first().filter(|one| one.is_object()).and_then(Self::read);
        }
        let error = match value.get("error") {
            Some(error) if says(error) => error,
            _ if value.get("object").and_then(Value::as_str) == Some("error") => value,
            _ if value.get("type").and_then(Value::as_str) == Some("error") => value,
            _ => return None,
        };
        Some(Self::of(error, value))
    }

    /// What came with a status that is an error by itself.
    fn read_refusal(body: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(body).ok()?;
        Self::read(&value).or_else(|| {
            let named = ["message", "detail", "errors", "error_message", "msg"].into_iter();
            let said = named.filter_map(|name| value.get(name)).find(|said| says(said))?;
            Some(Self::of(said, &value))
        })
    }

    fn of(error: &Value, whole: &Value) -> Self {
        let mut told = Self::default();
        told.add(error, 0);
        for name in ["code", "type", "status"] {
            told.add_kind(whole.get(name));
        }
        told.detail = told.message.chars().take(MAX_DETAIL_CHARS).collect();
        told.message = told.message.to_lowercase();
        told.kind = told.kind.to_lowercase();
        told.params = told.params.to_lowercase();
        told
    }

    /// Only what the server says itself: some send back the request, with what people wrote.
    fn add(&mut self, error: &Value, depth: usize) {
        match error {
            Value::String(text) => push(&mut self.message, text),
            Value::Array(all) if depth < 3 => all.iter().take(10).for_each(|one| self.add(one, depth + 1)),
            Value::Object(fields) if depth < 3 => {
                for name in ["message", "msg", "detail", "error", "innererror", "metadata", "raw"] {
                    if let Some(said) = fields.get(name) {
                        self.add(said, depth + 1);
                    }
                }
                for name in ["code", "type", "status", "reason"] {
                    self.add_kind(fields.get(name));
                }
                for name in ["param", "loc"] {
                    if let Some(param) = fields.get(name) {
                        push(&mut self.params, &param.to_string());
                    }
                }
            }
            _ => {}
        }
    }

    fn add_kind(&mut self, kind: Option<&Value>) {
        match kind {
            Some(Value::String(kind)) => push(&mut self.kind, kind),
            Some(Value::Number(kind)) => push(&mut self.kind, &kind.to_string()),
            _ => {}
        }
    }

    /// Whether it is about one of these words.
    pub fn names(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.message.contains(word) || self.params.contains(word) || self.kind.contains(word))
    }

    /// Whether it is about exactly this parameter.
    pub fn is_about(&self, param: &str) -> bool {
        self.params.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == param)
    }

    fn error(&self) -> AnswerError {
        let kind = |words: &[&str]| words.iter().any(|word| self.kind.contains(word));
        if self.names(&NO_CREDIT) {
            AnswerError::NoCredit
        } else if kind(&["overloaded", "unavailable"]) {
            AnswerError::Unavailable { status: 200, retry_after: None }
        } else if kind(&["rate_limit", "resource_exhausted", "too_many_requests"]) {
            AnswerError::RateLimited { retry_after: None }
        } else if self.names(&WITHHELD) {
            AnswerError::Empty { thought: false, cut_off: Some(CutOff::Filter) }
        } else if self.names(&NO_CHAT) {
            AnswerError::NoChat
        } else if self.names(&TOO_LONG) {
            AnswerError::PromptTooLong
        } else if self.names(&NO_MODEL) {
            AnswerError::ModelNotFound
        } else if kind(&["invalid_api_key", "authentication", "permission", "unauthenticated"]) {
            AnswerError::Refused { status: 200 }
        } else {
            let detail = if self.detail.is_empty() { self.kind.clone() } else { self.detail.clone() };
            AnswerError::Reported { detail }
        }
    }
}

/// The error that a part of a stream reports, if it reports one.
pub(super) fn reported(value: &Value) -> Option<AnswerError> {
    Told::read(value).map(|told| told.error())
}

/// What a status other than success means; `body` is the beginning of what came with it.
pub(super) fn refusal(status: StatusCode, headers: &HeaderMap, body: &str, clock: &dyn Clock) -> Refusal {
    let retry_after = retry_after(headers, clock);
    let told = Told::read_refusal(body);
    let meant = told.as_ref().map(Told::error);
    let number = status.as_u16();
    let error = match (number, meant) {
        (402, _) | (_, Some(AnswerError::NoCredit)) => AnswerError::NoCredit,
        (401, _) => AnswerError::Refused { status: 401 },
        (400..=499, Some(error @ (AnswerError::NoChat | AnswerError::ModelNotFound | AnswerError::Empty { .. }))) => {
            error
        }
        (403, _) if told.as_ref().is_some_and(|told| told.names(&["model"])) => AnswerError::ModelNotAllowed,
        (403, _) => AnswerError::Refused { status: 403 },
        (413 | 414, _) => AnswerError::PromptTooLong,
        (429, _) => AnswerError::RateLimited { retry_after },
        (503, _) if told.as_ref().is_some_and(|told| told.names(&["loading"])) => AnswerError::Loading { retry_after },
        // Templates and windows fail with it in some servers; neither will pass.
        (500, Some(error @ (AnswerError::PromptTooLong | AnswerError::NoChat))) => error,
        (408 | 425 | 500.., _) => AnswerError::Unavailable { status: number, retry_after },
        (404, Some(_)) if body.contains("model") => AnswerError::ModelNotFound,
        (404, _) | (_, None) => AnswerError::WrongAddress { status: number },
        (_, Some(AnswerError::RateLimited { .. })) => AnswerError::RateLimited { retry_after },
        (_, Some(AnswerError::Unavailable { .. })) => AnswerError::Unavailable { status: number, retry_after },
        (_, Some(error)) => error,
    };
    Refusal { error, told }
}

fn push(text: &mut String, more: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}

/// As JavaScript and Python see it.
fn says(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(all) => !all.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

/// RFC 9110, 10.2.3: seconds, or a date.
fn retry_after(headers: &HeaderMap, clock: &dyn Clock) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(clock.now())).unwrap_or_default())
}

#[cfg(test)]
#[path = "refusal_tests.rs"]
mod tests;
