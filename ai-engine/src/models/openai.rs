//! Any OpenAI-compatible server: `POST /v1/chat/completions` as server-sent events, `GET /v1/models`.
//! Source: <https://platform.openai.com/docs/api-reference/chat/streaming>

use async_trait::async_trait;
use collabry_shared::conversations::CutOff;
use collabry_shared::models::ModelInfo;
use serde::Serialize;
use serde_json::Value;

use super::features::{Feature, Rejected};
use super::frames::Framing;
use super::http::Endpoint;
use super::json::{count, text};
use super::prompt::{self, ChatMessage};
use super::refusal::reported;
use super::reply::{self, Dialect, Finish, ReplyDelta};
use super::{Answer, AnswerError, AnswerRequest, Provider, Usage};

const ID: &str = "openai";

const DIALECT: Dialect = Dialect { framing: Framing::Events, parse };

#[derive(Debug)]
pub(super) struct OpenAi {
    endpoint: Endpoint,
    /// The limit of an answer; without it the server's own limit applies.
    max_tokens: Option<u32>,
    rejected: Rejected,
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
        Self { endpoint, max_tokens, rejected: Rejected::default() }
    }

    /// The features to use in a request to a model; `limit`: also the limit of the answer.
    fn features(&self, model: &str, limit: bool) -> Vec<Feature> {
        let accepted = |feature: &Feature| self.rejected.accepts(model, *feature);
        let mut features = vec![Feature::System, Feature::Stream];
        features.extend([Feature::StreamOptions].into_iter().filter(|_| self.rejected.accepts(model, Feature::Stream)));
        if limit && self.max_tokens.is_some() {
            // Only one of the two: servers differ in which one they know.
            features.extend([Feature::MaxTokens, Feature::MaxCompletionTokens].into_iter().find(accepted));
        }
        features.retain(accepted);
        features
    }

    fn body<'a>(&self, model: &'a str, request: &AnswerRequest, features: &[Feature]) -> ChatRequest<'a> {
        let has = |feature: Feature| features.contains(&feature);
        let messages =
            if has(Feature::System) { prompt::chat(request) } else { prompt::without_system(prompt::chat(request)) };
        ChatRequest {
            model,
            messages,
            stream: has(Feature::Stream),
            stream_options: has(Feature::StreamOptions).then_some(StreamOptions { include_usage: true }),
            max_tokens: self.max_tokens.filter(|_| has(Feature::MaxTokens)),
            max_completion_tokens: self.max_tokens.filter(|_| has(Feature::MaxCompletionTokens)),
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

    /// When a server rejects a feature of the request, this one and all further requests are sent without it.
    async fn answer(&self, model: &str, request: &AnswerRequest) -> Result<Answer, AnswerError> {
        let mut limit = true;
        loop {
            let features = self.features(model, limit);
            let body = self.body(model, request, &features);
            let refusal = match self.endpoint.chat(model, &["chat", "completions"], &body, DIALECT).await {
                Ok(answer) => return Ok(answer),
                Err(refusal) => refusal,
            };
            let limited =
                features.iter().any(|feature| matches!(feature, Feature::MaxTokens | Feature::MaxCompletionTokens));
            if refusal.error == AnswerError::PromptTooLong {
                // Some servers count the limit of the answer as part of the prompt.
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
            // A rejected feature is not sent again, so this ends.
            match refusal.report {
                Some(report) if about_request && self.rejected.learn(model, &report, &features) => {}
                _ => return Err(refusal.error),
            }
        }
    }
}

/// Parses one chunk, or a whole answer from a server that does not stream.
fn parse(chunk: &Value) -> Result<ReplyDelta, AnswerError> {
    if let Some(error) = reported(chunk) {
        return Err(error);
    }
    let mut reply = ReplyDelta { usage: usage(chunk), ..ReplyDelta::default() };
    // Only one answer was requested; chunks about usage have none at all.
    let choices = chunk.get("choices").and_then(Value::as_array);
    let first = |choice: &&Value| choice.get("index").and_then(Value::as_u64).is_none_or(|index| index == 0);
    let Some(choice) = choices.and_then(|choices| choices.iter().find(first)) else {
        return Ok(reply);
    };
    let message = ["delta", "message"].into_iter().filter_map(|name| choice.get(name)).find(|part| part.is_object());
    if let Some(delta) = message {
        content(delta.get("content"), &mut reply);
        let thoughts = ["reasoning", "reasoning_content", "reasoning_details", "thinking", "thought"];
        reply.thinking |= thoughts.into_iter().any(|name| delta.get(name).is_some_and(is_thought));
    }
    reply.finish = reply::finish(choice.get("finish_reason"))?;
    if message.is_some_and(|delta| text(delta.get("refusal")).is_some()) {
        let finish = reply.finish.unwrap_or(Finish { cut_off: None, last: false });
        reply.finish = Some(Finish { cut_off: Some(CutOff::Refusal), ..finish });
    }
    Ok(reply)
}

/// The content is a text or, from Mistral, a list of parts: texts and thoughts.
fn content(content: Option<&Value>, reply: &mut ReplyDelta) {
    match content {
        Some(Value::String(text)) => reply.text.push_str(text),
        Some(Value::Array(parts)) => {
            for part in parts {
                match part.get("type").and_then(Value::as_str) {
                    Some("text" | "output_text") => reply.text.push_str(text(part.get("text")).unwrap_or_default()),
                    Some("thinking" | "reasoning") => reply.thinking = true,
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn is_thought(thought: &Value) -> bool {
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
