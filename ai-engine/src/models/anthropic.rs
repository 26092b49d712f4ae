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
use super::reply::{self, Dialect, End, Said};
use super::{Answer, AnswerError, Provider, Task, Usage};

const ID: &str = "anthropic";

/// An answer's limit, which has to be named: what the smallest of its models can write.
const ANSWER_TOKENS: u32 = 4_096;

/// The longest list that it gives at once; there are fewer models.
const WHOLE_LIST: [(&str, &str); 1] = [("limit", "1000")];

const DIALECT: Dialect = Dialect { framing: Framing::Events, said };

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

    async fn answer(&self, model: &str, task: &Task) -> Result<Answer, AnswerError> {
        let mut messages = prompt::chat(task);
        // The instruction is the first of them, and has a field of its own here.
        let system = messages.remove(0).content;
        let mut request = MessagesRequest { model, max_tokens: self.max_tokens, system, messages, stream: true };
        let asked = self.endpoint.ask(model, &["messages"], &request, DIALECT).await;
        let too_much = asked.as_ref().err().and_then(|refusal| refusal.told.as_ref());
        if request.max_tokens > ANSWER_TOKENS && too_much.is_some_and(|told| told.names(&["max_tokens"])) {
            // A smaller model, or what is left of its window.
            request.max_tokens = ANSWER_TOKENS;
            return Ok(self.endpoint.ask(model, &["messages"], &request, DIALECT).await?);
        }
        Ok(asked?)
    }
}

/// What one event says, or a whole message from a server that does not stream.
fn said(event: &Value) -> Result<Said, AnswerError> {
    if let Some(error) = reported(event) {
        return Err(error);
    }
    let mut said = Said { usage: usage(event.get("usage")), ..Said::default() };
    match event.get("type").and_then(Value::as_str) {
        Some("message_start") => said.usage = usage(event.pointer("/message/usage")),
        Some("content_block_start") => block(event.get("content_block"), &mut said),
        Some("content_block_delta") => block(event.get("delta"), &mut said),
        Some("message_delta") => said.end = reply::end(event.pointer("/delta/stop_reason"))?,
        Some("message_stop") => said.end = Some(End { cut_off: None, last: true }),
        Some("message") => {
            event
                .get("content")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .for_each(|part| block(Some(part), &mut said));
            said.end = reply::end(event.get("stop_reason"))?;
        }
        _ => said.usage = None,
    }
    Ok(said)
}

fn block(block: Option<&Value>, said: &mut Said) {
    let field = |name: &str| block.and_then(|block| text(block.get(name)));
    match field("type") {
        Some("text" | "text_delta") => said.text.push_str(field("text").unwrap_or_default()),
        Some("thinking" | "thinking_delta" | "redacted_thinking") => said.thinks = true,
        _ => {}
    }
}

/// So far: the prompt's are told at the beginning, the answer's at the end.
fn usage(tokens: Option<&Value>) -> Option<Usage> {
    let tokens = tokens?;
    let of = |name: &str| count(tokens.get(name));
    let (prompt, answer) = (of("input_tokens"), of("output_tokens"));
    (prompt.is_some() || answer.is_some()).then(|| Usage { prompt: prompt.unwrap_or(0), answer: answer.unwrap_or(0) })
}
