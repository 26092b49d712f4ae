//! Any OpenAI-compatible server: `POST /v1/chat/completions` as server-sent events, `GET /v1/models`.
//! Source: <https://platform.openai.com/docs/api-reference/chat/streaming>

use async_trait::async_trait;
use collabry_shared::conversations::CutOff;
use collabry_shared::models::ModelInfo;
use serde::Serialize;
use serde_json::Value;

use super::accepts::{Part, Refused};
use super::frames::Framing;
use super::http::Endpoint;
use super::json::{count, text};
use super::prompt::{self, ChatMessage};
use super::refusal::reported;
use super::reply::{self, Dialect, Said};
use super::{Answer, AnswerError, Provider, Task, Usage};

const ID: &str = "openai";

const DIALECT: Dialect = Dialect { framing: Framing::Events, said };

#[derive(Debug)]
pub(super) struct OpenAi {
    endpoint: Endpoint,
    /// What is asked for at most; without it the server's own limit holds.
    max_tokens: Option<u32>,
    refused: Refused,
}

#[derive(Serialize)]
struct ChatRequest<'a> {
    model: &'a str,
    messages: Vec<ChatMessage>,
    #[serde(skip_serializing_if = "is_false")]
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl OpenAi {
    pub fn new(endpoint: Endpoint, max_tokens: Option<u32>) -> Self {
        Self { endpoint, max_tokens, refused: Refused::default() }
    }

    /// The parts that go into a request to a model; `limit`: also that of the answer.
    fn parts(&self, model: &str, limit: bool) -> Vec<Part> {
        let accepted = |part: &Part| self.refused.accepts(model, *part);
        let mut parts = vec![Part::System, Part::Stream];
        parts.extend([Part::StreamOptions].into_iter().filter(|_| self.refused.accepts(model, Part::Stream)));
        if limit && self.max_tokens.is_some() {
            // One of the two: servers differ in which they know.
            parts.extend([Part::MaxTokens, Part::MaxCompletionTokens].into_iter().find(accepted));
        }
        parts.retain(accepted);
        parts
    }

    fn request<'a>(&self, model: &'a str, task: &Task, parts: &[Part]) -> ChatRequest<'a> {
        let has = |part: Part| parts.contains(&part);
        let messages = if has(Part::System) { prompt::chat(task) } else { prompt::without_system(prompt::chat(task)) };
        ChatRequest {
            model,
            messages,
            stream: has(Part::Stream),
            stream_options: has(Part::StreamOptions).then_some(StreamOptions { include_usage: true }),
            max_tokens: self.max_tokens.filter(|_| has(Part::MaxTokens)),
            max_completion_tokens: self.max_tokens.filter(|_| has(Part::MaxCompletionTokens)),
        }
    }
}

#[async_trait]
impl Provider for OpenAi {
    fn id(&self) -> &'static str {
        ID
    }

    fn label(&self) -> &'static str {
        "The model server"
    }

    async fn models(&self) -> Result<Vec<ModelInfo>, AnswerError> {
        self.endpoint.list(ID, &["models"], &[]).await
    }

    /// A server that refuses a part of the request is asked once more without it, and so it is from then on.
    async fn answer(&self, model: &str, task: &Task) -> Result<Answer, AnswerError> {
        let mut limit = true;
        loop {
            let parts = self.parts(model, limit);
            let request = self.request(model, task, &parts);
            let refusal = match self.endpoint.ask(model, &["chat", "completions"], &request, DIALECT).await {
                Ok(answer) => return Ok(answer),
                Err(refusal) => refusal,
            };
            let limited = parts.iter().any(|part| matches!(part, Part::MaxTokens | Part::MaxCompletionTokens));
            if refusal.error == AnswerError::PromptTooLong {
                // Some count the answer's limit as a part of the prompt.
                if !limited {
                    return Err(refusal.error);
                }
                limit = false;
                continue;
            }
            let about_request = matches!(
                refusal.error,
                AnswerError::Reported { .. }
                    | AnswerError::WrongAddress { .. }
                    | AnswerError::Unavailable { status: 500, .. }
            );
            // What is learned is sent no more, so this ends.
            match refusal.told {
                Some(told) if about_request && self.refused.learn(model, &told, &parts) => {}
                _ => return Err(refusal.error),
            }
        }
    }
}

/// What one chunk says, or a whole answer from a server that does not stream.
fn said(chunk: &Value) -> Result<Said, AnswerError> {
    if let Some(error) = reported(chunk) {
        return Err(error);
    }
    let mut said = Said { usage: usage(chunk), ..Said::default() };
    // One answer was asked for; chunks about usage have none at all.
    let choices = chunk.get("choices").and_then(Value::as_array);
    let first = |choice: &&Value| choice.get("index").and_then(Value::as_u64).is_none_or(|index| index == 0);
    let Some(choice) = choices.and_then(|choices| choices.iter().find(first)) else {
        return Ok(said);
    };
    let part = ["delta", "message"].into_iter().filter_map(|name| choice.get(name)).find(|part| part.is_object());
    if let Some(delta) = part {
        content(delta.get("content"), &mut said);
        let thoughts = ["reasoning", "reasoning_content", "reasoning_details", "thinking", "thought"];
        said.thinks |= thoughts.into_iter().any(|name| delta.get(name).is_some_and(thinks));
    }
    said.end = reply::end(choice.get("finish_reason"))?;
    if part.is_some_and(|delta| text(delta.get("refusal")).is_some()) {
        let end = said.end.unwrap_or(reply::End { cut_off: None, last: false });
        said.end = Some(reply::End { cut_off: Some(CutOff::Refusal), ..end });
    }
    Ok(said)
}

/// A text, or parts of which some are texts and some are thoughts, as Mistral has it.
fn content(content: Option<&Value>, said: &mut Said) {
    match content {
        Some(Value::String(text)) => said.text.push_str(text),
        Some(Value::Array(parts)) => {
            for part in parts {
                match part.get("type").and_then(Value::as_str) {
                    Some("text" | "output_text") => said.text.push_str(text(part.get("text")).unwrap_or_default()),
                    Some("thinking" | "reasoning") => said.thinks = true,
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn thinks(thought: &Value) -> bool {
    match thought {
        Value::String(text) => !text.is_empty(),
        Value::Array(parts) => !parts.is_empty(),
        Value::Object(parts) => !parts.is_empty(),
        _ => false,
    }
}

/// A partial count is treated as no count.
fn usage(chunk: &Value) -> Option<Usage> {
    let usage = chunk.get("usage").or_else(|| chunk.pointer("/x_groq/usage"))?;
    Some(Usage { prompt: count(usage.get("prompt_tokens"))?, answer: count(usage.get("completion_tokens"))? })
}
