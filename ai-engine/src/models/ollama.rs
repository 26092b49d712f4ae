//! Ollama: `POST /api/chat` as NDJSON, `GET /api/tags`.
//! Source: <https://github.com/ollama/ollama/blob/main/docs/api.md>

use async_trait::async_trait;
use collabry_shared::engine::{ModelId, ModelInfo};
use serde::{Deserialize, Serialize};

use super::http::Endpoint;
use super::reply::{self, End, Line};
use super::{Answer, AnswerError, Piece, Provider, Task, Usage};
use crate::generations::prompt::{self, ChatMessage};

const ID: &str = "ollama";

/// Windows asked for, in tokens. Ollama cuts what does not fit without a word, and loads the model again when the
/// number changes, so there are few of them.
const WINDOWS: [usize; 3] = [8_192, 16_384, 32_768];

/// Tokens left for the answer.
const ANSWER_TOKENS: usize = 2_048;

#[derive(Debug)]
pub(super) struct Ollama(pub Endpoint);

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
}

#[derive(Deserialize)]
struct Tags {
    models: Vec<Tag>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
    #[serde(default)]
    details: Details,
}

#[derive(Default, Deserialize)]
struct Details {
    #[serde(default)]
    family: String,
}

impl Tag {
    /// Embedding models are listed too, and cannot chat.
    fn chats(&self) -> bool {
        !self.details.family.contains("bert")
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
        let tags: Tags = self.0.get(&["api", "tags"], &[]).await?;
        let info =
            |tag: Tag| Some(ModelInfo { id: ModelId::parse(&format!("{ID}/{}", tag.name)).ok()?, label: tag.name });
        Ok(tags.models.into_iter().filter(Tag::chats).filter_map(info).collect())
    }

    async fn answer(&self, model: &str, task: &Task) -> Result<Answer, AnswerError> {
        let messages = prompt::chat(task);
        let options = Options { num_ctx: window(prompt::tokens(&messages) + ANSWER_TOKENS) };
        let request = ChatRequest { model, messages, stream: true, options };
        self.0.stream(&["api", "chat"], &request, parse_line).await
    }
}

fn window(tokens: usize) -> usize {
    let [.., largest] = WINDOWS;
    WINDOWS.into_iter().find(|window| *window >= tokens).unwrap_or(largest)
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    message: Delta,
    #[serde(default)]
    done: bool,
    /// On the last line.
    prompt_eval_count: Option<u64>,
    eval_count: Option<u64>,
}

#[derive(Default, Deserialize)]
struct Delta {
    #[serde(default)]
    content: String,
    #[serde(default)]
    thinking: Option<String>,
}

fn parse_line(line: &str) -> Result<Line, AnswerError> {
    if line.trim().is_empty() {
        return Ok(Line::default());
    }
    let Chunk { message, done, prompt_eval_count, eval_count } = reply::parse(line)?;
    let thinks = message.thinking.is_some_and(|text| !text.is_empty());
    let piece = Line::text(&message.content).or(thinks.then_some(Piece::Thinking));
    // A prompt that is still in its cache is not counted.
    let usage = eval_count.map(|answer| Usage { prompt: prompt_eval_count.unwrap_or(0), answer });
    Ok(Line { piece, usage, end: if done { End::Last } else { End::No } })
}

#[cfg(test)]
mod tests {
    use super::{End, Piece, parse_line, window};

    #[test]
    fn the_last_line_may_carry_text() {
        let line = parse_line(r#"{"message":{"role":"assistant","content":"."},"done":true,"done_reason":"stop"}"#);
        let line = line.unwrap();
        assert_eq!((line.piece, line.end), (Some(Piece::Text(".".to_owned())), End::Last));
    }

    #[test]
    fn thinking_is_a_sign_of_life_only() {
        let line = parse_line(r#"{"message":{"content":"","thinking":"hm"},"done":false}"#).unwrap();
        assert_eq!((line.piece, line.end), (Some(Piece::Thinking), End::No));
    }

    #[test]
    fn windows_come_in_few_sizes() {
        assert_eq!(window(10), 8_192);
        assert_eq!(window(8_193), 16_384);
        assert_eq!(window(1_000_000), 32_768);
    }
}
