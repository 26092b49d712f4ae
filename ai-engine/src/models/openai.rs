//! Any OpenAI-compatible server: `POST /v1/chat/completions` as server-sent events, `GET /v1/models`.
//! Source: <https://platform.openai.com/docs/api-reference/chat/streaming>

use async_trait::async_trait;
use collabry_shared::engine::{ModelId, ModelInfo};
use serde::{Deserialize, Serialize};

use super::http::Endpoint;
use super::reply::{self, End, Line};
use super::{Answer, AnswerError, Piece, Provider, Task, Usage, events};
use crate::generations::prompt::{self, ChatMessage};

const ID: &str = "openai";

#[derive(Debug)]
pub(super) struct OpenAi(pub Endpoint);

#[derive(Serialize)]
struct ChatRequest<'a> {
    model: &'a str,
    messages: Vec<ChatMessage>,
    stream: bool,
    stream_options: StreamOptions,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Deserialize)]
struct List {
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
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
        let list: List = self.0.get(&["models"], &[]).await?;
        let info =
            |entry: Entry| Some(ModelInfo { id: ModelId::parse(&format!("{ID}/{}", entry.id)).ok()?, label: entry.id });
        Ok(list.data.into_iter().filter_map(info).collect())
    }

    async fn answer(&self, model: &str, task: &Task) -> Result<Answer, AnswerError> {
        let stream_options = StreamOptions { include_usage: true };
        let request = ChatRequest { model, messages: prompt::chat(task), stream: true, stream_options };
        self.0.stream(&["chat", "completions"], &request, parse_line).await
    }
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
struct Tokens {
    prompt_tokens: u64,
    completion_tokens: u64,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
    finish_reason: Option<String>,
}

/// Servers name the thoughts of a model either way.
#[derive(Default, Deserialize)]
struct Delta {
    content: Option<String>,
    reasoning: Option<String>,
    reasoning_content: Option<String>,
}

impl Delta {
    fn thinks(&self) -> bool {
        [&self.reasoning, &self.reasoning_content].into_iter().flatten().any(|text| !text.is_empty())
    }
}

fn parse_line(line: &str) -> Result<Line, AnswerError> {
    match events::data(line)? {
        None => Ok(Line::default()),
        Some("[DONE]") => Ok(Line { end: End::Last, ..Line::default() }),
        Some(data) => reply::parse(data).map(said),
    }
}

fn said(Chunk { choices, usage }: Chunk) -> Line {
    let usage = usage.map(|used| Usage { prompt: used.prompt_tokens, answer: used.completion_tokens });
    // One answer was asked for; chunks about usage have no choice at all.
    let Some(choice) = choices.into_iter().next() else {
        return Line { usage, ..Line::default() };
    };
    let thinking = choice.delta.thinks().then_some(Piece::Thinking);
    let piece = choice.delta.content.as_deref().and_then(Line::text).or(thinking);
    Line { piece, usage, end: if choice.finish_reason.is_some() { End::Complete } else { End::No } }
}

#[cfg(test)]
mod tests {
    use super::{AnswerError, End, Line, Piece, Usage, parse_line};

    #[test]
    fn comments_roles_and_usage_say_nothing() {
        for line in [
            "",
            ": keep-alive",
            "event: message",
            "data:",
            r#"data: {"choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
            r#"data: {"choices":[],"usage":null}"#,
        ] {
            assert_eq!(parse_line(line), Ok(Line::default()), "{line}");
        }
    }

    #[test]
    fn text_with_and_without_a_space_after_the_colon() {
        for line in
            [r#"data: {"choices":[{"delta":{"content":" a"}}]}"#, r#"data:{"choices":[{"delta":{"content":" a"}}]}"#]
        {
            assert_eq!(parse_line(line).unwrap().piece, Some(Piece::Text(" a".to_owned())));
        }
    }

    #[test]
    fn a_finish_reason_completes_and_done_ends() {
        let line = parse_line(r#"data: {"choices":[{"delta":{},"finish_reason":"length"}]}"#).unwrap();
        assert_eq!(line, Line { end: End::Complete, ..Line::default() });
        assert_eq!(parse_line("data: [DONE]").unwrap().end, End::Last);
    }

    #[test]
    fn the_last_chunk_says_what_it_took() {
        let line = parse_line(r#"data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}"#).unwrap();
        assert_eq!(line.usage, Some(Usage { prompt: 7, answer: 3 }));
    }

    #[test]
    fn errors_are_seen_in_and_out_of_events() {
        let reported = Err(AnswerError::Reported { detail: "boom".to_owned() });
        assert_eq!(parse_line(r#"data: {"error":{"message":"boom"}}"#), reported);
        assert_eq!(parse_line(r#"{"error":{"message":"boom"}}"#), reported);
        assert!(matches!(parse_line("<html>"), Err(AnswerError::Garbled { .. })));
        assert!(matches!(parse_line("data: {broken"), Err(AnswerError::Garbled { .. })));
    }
}
