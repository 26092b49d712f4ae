//! Anthropic's Messages API: `POST /v1/messages` as server-sent events, `GET /v1/models`.
//! Source: <https://docs.anthropic.com/en/api/messages-streaming>

use async_trait::async_trait;
use collabry_shared::engine::{ModelId, ModelInfo};
use serde::{Deserialize, Serialize};

use super::http::Endpoint;
use super::reply::{self, End, Line};
use super::{Answer, AnswerError, Piece, Provider, Task, Usage, events};
use crate::generations::prompt::{self, ChatMessage};

const ID: &str = "anthropic";

/// An answer's limit, which has to be named: what the smallest of its models can write.
const ANSWER_TOKENS: u32 = 4_096;

/// The longest list that it gives at once; there are fewer models.
const WHOLE_LIST: [(&str, &str); 1] = [("limit", "1000")];

#[derive(Debug)]
pub(super) struct Anthropic(pub Endpoint);

#[derive(Serialize)]
struct MessagesRequest<'a> {
    model: &'a str,
    max_tokens: u32,
    system: String,
    messages: Vec<ChatMessage>,
    stream: bool,
}

#[derive(Deserialize)]
struct List {
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    display_name: Option<String>,
}

#[async_trait]
impl Provider for Anthropic {
    fn id(&self) -> &'static str {
        ID
    }

    fn label(&self) -> &'static str {
        "Anthropic"
    }

    async fn models(&self) -> Result<Vec<ModelInfo>, AnswerError> {
        let list: List = self.0.get(&["models"], &WHOLE_LIST).await?;
        let info = |Entry { id, display_name }| {
            Some(ModelInfo { id: ModelId::parse(&format!("{ID}/{id}")).ok()?, label: display_name.unwrap_or(id) })
        };
        Ok(list.data.into_iter().filter_map(info).collect())
    }

    async fn answer(&self, model: &str, task: &Task) -> Result<Answer, AnswerError> {
        let mut messages = prompt::chat(task);
        // The instruction is the first of them, and has a field of its own here.
        let system = messages.remove(0).content;
        let request = MessagesRequest { model, max_tokens: ANSWER_TOKENS, system, messages, stream: true };
        self.0.stream(&["messages"], &request, parse_line).await
    }
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    MessageStart {
        message: Message,
    },
    ContentBlockDelta {
        delta: Delta,
    },
    MessageDelta {
        usage: Option<Tokens>,
    },
    MessageStop,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Message {
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Delta {
    #[serde(rename = "text_delta")]
    Text { text: String },
    #[serde(rename = "thinking_delta")]
    Thinking,
    #[serde(other)]
    Other,
}

/// So far: the prompt's are told at the beginning, the answer's at the end.
#[derive(Deserialize)]
struct Tokens {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

impl From<Tokens> for Usage {
    fn from(tokens: Tokens) -> Self {
        Self { prompt: tokens.input_tokens.unwrap_or(0), answer: tokens.output_tokens.unwrap_or(0) }
    }
}

fn parse_line(line: &str) -> Result<Line, AnswerError> {
    let Some(data) = events::data(line)? else {
        return Ok(Line::default());
    };
    Ok(match reply::parse(data)? {
        Event::MessageStart { message } => Line { usage: message.usage.map(Usage::from), ..Line::default() },
        Event::ContentBlockDelta { delta } => Line { piece: piece(&delta), ..Line::default() },
        Event::MessageDelta { usage } => Line { usage: usage.map(Usage::from), end: End::Complete, ..Line::default() },
        Event::MessageStop => Line { end: End::Last, ..Line::default() },
        Event::Other => Line::default(),
    })
}

fn piece(delta: &Delta) -> Option<Piece> {
    match delta {
        Delta::Text { text } => Line::text(text),
        Delta::Thinking => Some(Piece::Thinking),
        Delta::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{AnswerError, End, Line, Piece, Usage, parse_line};

    #[test]
    fn text_and_thoughts_are_pieces() {
        let delta =
            |delta: &str| parse_line(&format!(r#"data: {{"type":"content_block_delta","index":0,"delta":{delta}}}"#));
        let text = delta(r#"{"type":"text_delta","text":" a"}"#).unwrap();
        assert_eq!(text.piece, Some(Piece::Text(" a".to_owned())));
        let thought = delta(r#"{"type":"thinking_delta","thinking":"Hm"}"#).unwrap();
        assert_eq!(thought.piece, Some(Piece::Thinking));
        assert_eq!(delta(r#"{"type":"signature_delta","signature":"x"}"#), Ok(Line::default()));
    }

    #[test]
    fn other_events_say_nothing() {
        for line in [
            "",
            "event: ping",
            r#"data: {"type":"ping"}"#,
            r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            r#"data: {"type":"content_block_stop","index":0}"#,
            r#"data: {"type":"something_new","more":[1]}"#,
        ] {
            assert_eq!(parse_line(line), Ok(Line::default()), "{line}");
        }
    }

    #[test]
    fn the_beginning_and_the_end_say_what_it_took() {
        let begun = parse_line(
            r#"data: {"type":"message_start","message":{"id":"m","usage":{"input_tokens":7,"output_tokens":1}}}"#,
        );
        assert_eq!(begun.unwrap().usage, Some(Usage { prompt: 7, answer: 1 }));
        let ended = parse_line(
            r#"data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}"#,
        );
        let usage = Some(Usage { prompt: 0, answer: 3 });
        assert_eq!(ended, Ok(Line { usage, end: End::Complete, ..Line::default() }));
        assert_eq!(parse_line(r#"data: {"type":"message_stop"}"#).unwrap().end, End::Last);
    }

    #[test]
    fn errors_in_the_stream_are_errors() {
        let told = |kind: &str| {
            parse_line(&format!(r#"data: {{"type":"error","error":{{"type":"{kind}","message":"boom"}}}}"#))
                .unwrap_err()
        };
        assert_eq!(told("api_error"), AnswerError::Reported { detail: "boom".to_owned() });
        assert_eq!(told("overloaded_error"), AnswerError::Unavailable { status: 200, retry_after: None });
        assert_eq!(told("rate_limit_error"), AnswerError::RateLimited { retry_after: None });
    }
}
