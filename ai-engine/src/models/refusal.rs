//! Maps the statuses and error objects of each kind of server to [`AnswerError`].

use std::time::Duration;

use collabry_shared::clock::Clock;
use collabry_shared::conversations::CutOff;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::AnswerError;
use super::refusal_words::{NO_CHAT, NO_CREDIT, NO_MODEL, TOO_LONG, WITHHELD};

/// Enough to find the error in the provider's own log.
const MAX_DETAIL_CHARS: usize = 200;

/// An error as a provider reported it, in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ErrorReport {
    /// Its codes, types and statuses.
    kind: String,
    message: String,
    /// The parameters that it is about.
    params: String,
    detail: String,
}

/// A request that was rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub error: AnswerError,
    /// The provider's report, if it sent one.
    pub report: Option<ErrorReport>,
}

impl From<AnswerError> for Refusal {
    fn from(error: AnswerError) -> Self {
        Self { error, report: None }
    }
}

impl From<Refusal> for AnswerError {
    fn from(refusal: Refusal) -> Self {
        refusal.error
    }
}

impl ErrorReport {
    /// Reads the error that a JSON value reports, if it does. Error bodies differ between servers: a string, an object
    /// or a list of them, with or without a name.
    pub fn read(value: &Value) -> Option<Self> {
        if let Value::Array(all) = value {
            return all.first().filter(|first| first.is_object()).and_then(Self::read);
        }
        let error = match value.get("error") {
            Some(error) if is_truthy(error) => error,
            _ if value.get("object").and_then(Value::as_str) == Some("error") => value,
            _ if value.get("type").and_then(Value::as_str) == Some("error") => value,
            _ => return None,
        };
        Some(Self::of(error, value))
    }

    /// Reads the body of a response with an error status.
    fn read_error_body(body: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(body).ok()?;
        Self::read(&value).or_else(|| {
            let named = ["message", "detail", "errors", "error_message", "msg"].into_iter();
            let error = named.filter_map(|name| value.get(name)).find(|error| is_truthy(error))?;
            Some(Self::of(error, &value))
        })
    }

    fn of(error: &Value, whole: &Value) -> Self {
        let mut report = Self::default();
        report.add(error, 0);
        for name in ["code", "type", "status"] {
            report.add_kind(whole.get(name));
        }
        report.detail = report.message.chars().take(MAX_DETAIL_CHARS).collect();
        report.message = report.message.to_lowercase();
        report.kind = report.kind.to_lowercase();
        report.params = report.params.to_lowercase();
        report
    }

    /// Takes only the server's own words: some servers send back the request, with what people wrote.
    fn add(&mut self, error: &Value, depth: usize) {
        match error {
            Value::String(text) => push(&mut self.message, text),
            Value::Array(all) if depth < 3 => all.iter().take(10).for_each(|item| self.add(item, depth + 1)),
            Value::Object(fields) if depth < 3 => {
                for name in ["message", "msg", "detail", "error", "innererror", "metadata", "raw"] {
                    if let Some(value) = fields.get(name) {
                        self.add(value, depth + 1);
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

    /// Whether it contains one of these words.
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

/// The error that an event of a stream reports, if it does.
pub(super) fn reported(value: &Value) -> Option<AnswerError> {
    ErrorReport::read(value).map(|report| report.error())
}

/// The error that a status other than success means; `body` is the beginning of the response's body.
pub(super) fn refusal(status: StatusCode, headers: &HeaderMap, body: &str, clock: &dyn Clock) -> Refusal {
    let retry_after = retry_after(headers, clock);
    let report = ErrorReport::read_error_body(body);
    let reported = report.as_ref().map(ErrorReport::error);
    let number = status.as_u16();
    let error = match (number, reported) {
        (402, _) | (_, Some(AnswerError::NoCredit)) => AnswerError::NoCredit,
        (401, _) => AnswerError::Refused { status: 401 },
        (400..=499, Some(error @ (AnswerError::NoChat | AnswerError::ModelNotFound | AnswerError::Empty { .. }))) => {
            error
        }
        (403, _) if report.as_ref().is_some_and(|report| report.names(&["model"])) => AnswerError::ModelNotAllowed,
        (403, _) => AnswerError::Refused { status: 403 },
        (413 | 414, _) => AnswerError::PromptTooLong,
        (429, _) => AnswerError::RateLimited { retry_after },
        (503, _) if report.as_ref().is_some_and(|report| report.names(&["loading"])) => {
            AnswerError::Loading { retry_after }
        }
        // Some servers use it for templates and windows that do not fit; neither goes away by trying again.
        (500, Some(error @ (AnswerError::PromptTooLong | AnswerError::NoChat))) => error,
        (408 | 425 | 500.., _) => AnswerError::Unavailable { status: number, retry_after },
        (404, Some(_)) if body.contains("model") => AnswerError::ModelNotFound,
        (404, _) | (_, None) => AnswerError::WrongAddress { status: number },
        (_, Some(AnswerError::RateLimited { .. })) => AnswerError::RateLimited { retry_after },
        (_, Some(AnswerError::Unavailable { .. })) => AnswerError::Unavailable { status: number, retry_after },
        (_, Some(error)) => error,
    };
    Refusal { error, report }
}

fn push(text: &mut String, more: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}

/// Truthiness as in JavaScript and Python.
fn is_truthy(value: &Value) -> bool {
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
