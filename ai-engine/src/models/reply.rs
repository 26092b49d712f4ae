//! What a provider's replies mean: statuses, error objects, and the lines of a stream.

use std::time::Duration;

use collabry_shared::clock::Clock;
use futures::stream::{self, BoxStream, StreamExt};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::lines::Lines;
use super::{Answer, AnswerError, Piece, Usage};

/// What one line of a stream says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub piece: Option<Piece>,
    pub usage: Option<Usage>,
    pub end: End,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// More is to come.
    #[default]
    No,
    /// The answer is complete; lines about it may follow.
    Complete,
    /// Nothing follows.
    Last,
}

impl Line {
    pub fn text(text: &str) -> Option<Piece> {
        (!text.is_empty()).then(|| Piece::Text(text.to_owned()))
    }
}

/// Reads one line of a provider's protocol.
pub(super) type ParseLine = fn(&str) -> Result<Line, AnswerError>;

type Body = BoxStream<'static, reqwest::Result<bytes::Bytes>>;

struct Reading {
    body: Body,
    lines: Lines,
    parse: ParseLine,
    /// What the lines so far said.
    usage: Option<Usage>,
    end: End,
}

/// The pieces in a streamed body.
pub(super) fn pieces(response: reqwest::Response, parse: ParseLine) -> Answer {
    let (body, lines) = (response.bytes_stream().boxed(), Lines::default());
    let reading = Reading { body, lines, parse, usage: None, end: End::No };
    stream::try_unfold(reading, async |mut reading| Ok(reading.next().await?.map(|piece| (piece, reading)))).boxed()
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Piece>, AnswerError> {
        if let Some(piece) = self.said().await? {
            return Ok(Some(piece));
        }
        self.end = End::Last;
        Ok(self.usage.take().map(Piece::Usage))
    }

    async fn said(&mut self) -> Result<Option<Piece>, AnswerError> {
        while self.end != End::Last {
            while let Some(line) = self.lines.next_line()? {
                if let Some(piece) = self.take(&line)? {
                    return Ok(Some(piece));
                }
                if self.end == End::Last {
                    return Ok(None);
                }
            }
            match self.body.next().await {
                Some(Ok(chunk)) => self.lines.push(&chunk),
                Some(Err(_)) if self.end == End::Complete => return Ok(None),
                Some(Err(_)) => return Err(AnswerError::CutOff),
                None => return self.finish(),
            }
        }
        Ok(None)
    }

    fn take(&mut self, line: &str) -> Result<Option<Piece>, AnswerError> {
        let line = (self.parse)(line)?;
        self.end = self.end.max(line.end);
        self.usage = match (self.usage, line.usage) {
            (Some(before), Some(now)) => Some(before.most(now)),
            (before, now) => now.or(before),
        };
        Ok(line.piece)
    }

    /// The body is over; its last line may lack a line end, or may have been cut.
    fn finish(&mut self) -> Result<Option<Piece>, AnswerError> {
        let piece = match self.lines.rest() {
            Ok(rest) => self.take(&rest).or_else(|error| match error {
                AnswerError::Garbled { .. } => Ok(None),
                other => Err(other),
            })?,
            Err(_) => None,
        };
        match self.end {
            End::No => Err(AnswerError::CutOff),
            End::Complete | End::Last => {
                self.end = End::Last;
                Ok(piece)
            }
        }
    }
}

impl Usage {
    /// Of two counts of one answer, which only grow.
    fn most(self, other: Self) -> Self {
        Self { prompt: self.prompt.max(other.prompt), answer: self.answer.max(other.answer) }
    }
}

impl End {
    fn max(self, other: Self) -> Self {
        match (self, other) {
            (Self::Last, _) | (_, Self::Last) => Self::Last,
            (Self::Complete, _) | (_, Self::Complete) => Self::Complete,
            (Self::No, Self::No) => Self::No,
        }
    }
}

/// What a status other than success means; `body` is the beginning of what came with it.
pub(super) fn refusal(status: StatusCode, headers: &HeaderMap, body: &str, clock: &dyn Clock) -> AnswerError {
    let retry_after = retry_after(headers, clock);
    let told: Option<Value> = serde_json::from_str(body).ok();
    match status.as_u16() {
        401 | 403 => AnswerError::Refused { status: status.as_u16() },
        429 => AnswerError::RateLimited { retry_after },
        408 | 500.. => AnswerError::Unavailable { status: status.as_u16(), retry_after },
        413 => AnswerError::PromptTooLong,
        _ => match told.as_ref().and_then(error_object) {
            // Servers differ in what they put into the object, but a missing model is named as such by all.
            Some(_) if status == StatusCode::NOT_FOUND && body.contains("model") => AnswerError::ModelNotFound,
            Some(error) if status != StatusCode::NOT_FOUND => error,
            _ => AnswerError::WrongAddress { status: status.as_u16() },
        },
    }
}

/// A part of a stream, unless it reports an error.
pub(super) fn parse<T: DeserializeOwned>(json: &str) -> Result<T, AnswerError> {
    let garbled = |_| AnswerError::Garbled { detail: "something else than JSON of a chat" };
    let value: Value = serde_json::from_str(json).map_err(garbled)?;
    match error_object(&value) {
        Some(error) => Err(error),
        None => serde_json::from_value(value).map_err(garbled),
    }
}

/// The error that a JSON value reports, if it reports one.
pub(super) fn error_object(value: &Value) -> Option<AnswerError> {
    let error = match value.get("error") {
        Some(Value::Null) | None if value.get("object").and_then(Value::as_str) == Some("error") => value,
        Some(Value::Null) | None => return None,
        Some(error) => error,
    };
    let field = |name| error.get(name).and_then(Value::as_str).unwrap_or_default();
    let kind = format!("{} {}", field("code"), field("type"));
    let said = |words: &[&str]| words.iter().any(|word| kind.contains(word));
    let too_long = field("message").starts_with("prompt is too long");
    Some(if too_long || said(&["context_length_exceeded", "exceed_context_size", "request_too_large"]) {
        AnswerError::PromptTooLong
    } else if said(&["overloaded"]) {
        AnswerError::Unavailable { status: 200, retry_after: None }
    } else if said(&["rate_limit", "insufficient_quota"]) {
        AnswerError::RateLimited { retry_after: None }
    } else if said(&["model_not_found"]) {
        AnswerError::ModelNotFound
    } else if said(&["invalid_api_key", "authentication", "permission"]) {
        AnswerError::Refused { status: 200 }
    } else {
        let detail = error.as_str().unwrap_or_else(|| field("message"));
        AnswerError::Reported { detail: detail.chars().take(MAX_DETAIL_CHARS).collect() }
    })
}

/// Enough to know what to look for in the provider's own log.
const MAX_DETAIL_CHARS: usize = 200;

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
mod tests {
    use std::time::Duration;

    use collabry_shared::clock::ManualClock;
    use reqwest::StatusCode;
    use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

    use super::{AnswerError, error_object, refusal};

    fn told(status: u16, retry_after: Option<&'static str>, body: &str) -> AnswerError {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
        }
        let clock = ManualClock::at("2026-11-21T08:00:00Z".parse().unwrap());
        refusal(StatusCode::from_u16(status).unwrap(), &headers, body, &clock)
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let wait = |header| told(429, header, "").retry_after();
        assert_eq!(wait(Some("7")), Some(Duration::from_secs(7)));
        assert_eq!(wait(Some("Sat, 21 Nov 2026 08:00:30 GMT")), Some(Duration::from_secs(30)));
        assert_eq!(wait(Some("Sat, 21 Nov 2026 07:00:00 GMT")), Some(Duration::ZERO));
        assert_eq!(wait(Some("soon")), None);
        assert_eq!(wait(None), None);
    }

    #[test]
    fn a_missing_model_is_told_from_a_wrong_address() {
        assert_eq!(told(404, None, r#"{"error":"model 'x' not found"}"#), AnswerError::ModelNotFound);
        let openai = r#"{"error":{"message":"The model `x` does not exist","code":"model_not_found"}}"#;
        assert_eq!(told(404, None, openai), AnswerError::ModelNotFound);
        assert_eq!(told(404, None, "404 page not found"), AnswerError::WrongAddress { status: 404 });
        assert_eq!(told(404, None, r#"{"detail":"Not Found"}"#), AnswerError::WrongAddress { status: 404 });
        assert_eq!(told(301, None, ""), AnswerError::WrongAddress { status: 301 });
    }

    #[test]
    fn a_prompt_beyond_the_window_is_named() {
        let body =
            r#"{"error":{"message":"too long","type":"invalid_request_error","code":"context_length_exceeded"}}"#;
        assert_eq!(told(400, None, body), AnswerError::PromptTooLong);
        let anthropic =
            r#"{"error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000"}}"#;
        assert_eq!(told(400, None, anthropic), AnswerError::PromptTooLong);
    }

    #[test]
    fn no_error_is_seen_where_there_is_none() {
        assert_eq!(error_object(&serde_json::json!({ "error": null, "choices": [] })), None);
        assert_eq!(error_object(&serde_json::json!({ "choices": [] })), None);
    }
}
