//! Lines of server-sent events, as model servers send them: each event on one `data:` line of JSON.

use serde_json::Value;

use super::AnswerError;
use super::reply::error_object;

/// What stands on a `data:` line. `None`: other fields, comments and empty lines say nothing that is needed.
pub(super) fn data(line: &str) -> Result<Option<&str>, AnswerError> {
    if let Some(data) = line.strip_prefix("data:") {
        return Ok(Some(data.trim()).filter(|data| !data.is_empty()));
    }
    let known = line.is_empty() || [":", "event:", "id:", "retry:"].iter().any(|field| line.starts_with(field));
    if known {
        return Ok(None);
    }
    let told = serde_json::from_str::<Value>(line).ok().as_ref().and_then(error_object);
    Err(told.unwrap_or(AnswerError::Garbled { detail: "a line that is no server-sent event" }))
}
