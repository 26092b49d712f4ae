//! Ollama: `POST /api/chat` as NDJSON, `GET /api/tags`.
//! Source: <https://github.com/ollama/ollama/blob/main/docs/api.md>

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

const ID: &str = "ollama";

/// Context windows to request, in tokens. Ollama silently truncates what does not fit, and reloads the model when the
/// window changes, so there are few sizes. The largest holds the longest prompt in any script.
const WINDOWS: [usize; 4] = [8_192, 16_384, 32_768, 49_152];

/// Tokens reserved for the answer.
const ANSWER_TOKENS: usize = 2_048;

const DIALECT: Dialect = Dialect { framing: Framing::Lines, parse };

#[derive(Debug)]
pub(super) struct Ollama {
    endpoint: Endpoint,
    max_tokens: Option<u32>,
}

#[derive(Serialize)]
struct ChatRequest<'a> {
    model: &'a str,
    messages: Vec<ChatMessage>,
    stream: bool,
    options: Options,
}

#[derive(Serialize)]
struct Options {
    num_ctx: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_predict: Option<u32>,
}

impl Ollama {
    pub fn new(endpoint: Endpoint, max_tokens: Option<u32>) -> Self {
        Self { endpoint, max_tokens }
    }
}

#[async_trait]
impl Provider for Ollama {
    fn id(&self) -> &'static str {
        ID
    }

    fn label(&self) -> &'static str {
        "Ollama"
    }

    async fn models(&self) -> Result<Vec<ModelInfo>, AnswerError> {
        self.endpoint.list(ID, &["api", "tags"], &[]).await
    }

    async fn answer(&self, model: &str, request: &AnswerRequest) -> Result<Answer, AnswerError> {
        let messages = prompt::chat(request);
        let num_ctx = window(prompt::tokens(&messages), self.max_tokens).ok_or(AnswerError::PromptTooLong)?;
        let options = Options { num_ctx, num_predict: self.max_tokens };
        let body = ChatRequest { model, messages, stream: true, options };
        Ok(self.endpoint.chat(model, &["api", "chat"], &body, DIALECT).await?)
    }
}

/// The smallest window that holds prompt and answer, or as much of a long answer as fits.
fn window(prompt: usize, max_tokens: Option<u32>) -> Option<usize> {
    let [.., largest] = WINDOWS;
    let answer = max_tokens.and_then(|tokens| usize::try_from(tokens).ok()).unwrap_or(ANSWER_TOKENS);
    let holds = |tokens: usize| WINDOWS.into_iter().find(|window| *window >= tokens);
    holds(prompt + answer).or_else(|| holds(prompt + ANSWER_TOKENS.min(answer)).map(|_| largest))
}

fn parse(line: &Value) -> Result<ReplyDelta, AnswerError> {
    if let Some(error) = reported(line) {
        return Err(error);
    }
    let message = |name: &str| line.get("message").and_then(|message| text(message.get(name)));
    // Ollama leaves out the count of a prompt that it still has in its cache.
    let prompt = count(line.get("prompt_eval_count")).unwrap_or(0);
    let done = line.get("done").and_then(Value::as_bool).unwrap_or(false);
    let finish = if done {
        reply::finish(line.get("done_reason"))?.map_or(Some(LAST), |finish| Some(Finish { last: true, ..finish }))
    } else {
        None
    };
    Ok(ReplyDelta {
        text: message("content").unwrap_or_default().to_owned(),
        thinking: message("thinking").is_some(),
        usage: count(line.get("eval_count")).map(|answer| Usage { prompt, answer }),
        finish,
    })
}

const LAST: Finish = Finish { cut_off: None, last: true };

#[cfg(test)]
mod tests {
    use super::window;

    #[test]
    fn windows_come_in_few_sizes_and_hold_the_prompt() {
        assert_eq!(window(10, None), Some(8_192));
        assert_eq!(window(6_145, None), Some(16_384));
        assert_eq!(window(6_144, Some(100)), Some(8_192));
        assert_eq!(window(30_000, Some(1_000_000)), Some(49_152), "as much as fits");
        assert_eq!(window(1_000_000, None), None);
    }
}
