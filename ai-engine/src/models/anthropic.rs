//! Anthropic's Messages API: `POST /v1/messages` as server-sent events, `GET /v1/models`.
//! Source: <https://docs.anthropic.com/en/api/messages-streaming>

use async_trait::async_trait;
use collabry_shared::models::ModelInfo;
use serde::Serialize;
use serde_json::Value;

use super::frames::Framing;
use super::http::Endpoint;
use super::json::{count, text};
use super::prompt::{self, ChatMessage};
use super::refusal::reported;
use super::reply::{self, Dialect, Finish, ReplyDelta};
use super::{Answer, AnswerError, AnswerRequest, Provider, Usage};

const ID: &str = "anthropic";

/// The limit of an answer, which the API requires: what its smallest model can write.
const ANSWER_TOKENS: u32 = 4_096;

/// The largest page of the list; there are fewer models.
const WHOLE_LIST: [(&str, &str); 1] = [("limit", "1000")];

const DIALECT: Dialect = Dialect { framing: Framing::Events, parse };

#[derive(Debug)]
pub(super) struct Anthropic {
    endpoint: Endpoint,
    max_tokens: u32,
}

#[derive(Serialize)]
struct MessagesRequest<'a> {
    model: &'a str,
    max_tokens: u32,
    system: String,
    messages: Vec<ChatMessage>,
    stream: bool,
}

impl Anthropic {
    pub fn new(endpoint: Endpoint, max_tokens: Option<u32>) -> Self {
        Self { endpoint, max_tokens: max_tokens.unwrap_or(ANSWER_TOKENS) }
    }
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
        self.endpoint.list(ID, &["models"], &WHOLE_LIST).await
    }

    async fn answer(&self, model: &str, request: &AnswerRequest) -> Result<Answer, AnswerError> {
        let mut messages = prompt::chat(request);
        // Anthropic takes the instruction, which is the first message, in a field of its own.
        let system = messages.remove(0).content;
        let mut body = MessagesRequest { model, max_tokens: self.max_tokens, system, messages, stream: true };
        let result = self.endpoint.chat(model, &["messages"], &body, DIALECT).await;
        let report = result.as_ref().err().and_then(|refusal| refusal.report.as_ref());
        if body.max_tokens > ANSWER_TOKENS && report.is_some_and(|report| report.names(&["max_tokens"])) {
            // The limit is above what a smaller model, or the rest of its window, allows.
            body.max_tokens = ANSWER_TOKENS;
            return Ok(self.endpoint.chat(model, &["messages"], &body, DIALECT).await?);
        }
        Ok(result?)
    }
}

/// Parses one event, or a whole message from a server that does not stream.
fn parse(event: &Value) -> Result<ReplyDelta, AnswerError> {
    if let Some(error) = reported(event) {
        return Err(error);
    }
    let mut delta = ReplyDelta { usage: usage(event.get("usage")), ..ReplyDelta::default() };
    match event.get("type").and_then(Value::as_str) {
        Some("message_start") => delta.usage = usage(event.pointer("/message/usage")),
        Some("content_block_start") => block(event.get("content_block"), &mut delta),
        Some("content_block_delta") => block(event.get("delta"), &mut delta),
        Some("message_delta") => delta.finish = reply::finish(event.pointer("/delta/stop_reason"))?,
        Some("message_stop") => delta.finish = Some(Finish { cut_off: None, last: true }),
        Some("message") => {
            event
                .get("content")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .for_each(|part| block(Some(part), &mut delta));
            delta.finish = reply::finish(event.get("stop_reason"))?;
        }
        _ => delta.usage = None,
    }
    Ok(delta)
}

fn block(block: Option<&Value>, delta: &mut ReplyDelta) {
    let field = |name: &str| block.and_then(|block| text(block.get(name)));
    match field("type") {
        Some("text" | "text_delta") => delta.text.push_str(field("text").unwrap_or_default()),
        Some("thinking" | "thinking_delta" | "redacted_thinking") => delta.thinking = true,
        _ => {}
    }
}

/// The usage so far: the prompt's tokens arrive at the beginning, the answer's at the end.
fn usage(tokens: Option<&Value>) -> Option<Usage> {
    let tokens = tokens?;
    let of = |name: &str| count(tokens.get(name));
    let (prompt, answer) = (of("input_tokens"), of("output_tokens"));
    (prompt.is_some() || answer.is_some()).then(|| Usage { prompt: prompt.unwrap_or(0), answer: answer.unwrap_or(0) })
}
