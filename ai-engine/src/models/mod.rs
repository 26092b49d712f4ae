//! Language models behind one small trait: what answers a question from numbered passages.

mod accepts;
mod anthropic;
mod catalog;
mod error;
mod extractive;
mod frames;
mod http;
mod json;
mod lines;
mod listing;
mod ollama;
mod openai;
pub mod prompt;
mod refusal;
mod reply;
mod retry;
mod task;
#[cfg(test)]
mod testing;
mod thoughts;

use async_trait::async_trait;
use collabry_shared::conversations::CutOff;
use collabry_shared::models::ModelInfo;
use futures::stream::BoxStream;

pub use self::catalog::{Known, Models, Standing};
pub use self::error::AnswerError;
pub use self::extractive::Extractive;
pub use self::retry::RetryPolicy;
pub use self::task::{Coverage, Speaker, Task, Turn};

/// What a model sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text of the answer, never empty.
    Text(String),
    /// A sign of life of a model that thinks before it answers. What it thinks is shown to nobody, and not kept.
    Thinking,
    /// All text so far was a thought: it counts as never said.
    Anew,
    /// The answer ends here, and why perhaps too early; after all text.
    CutOff(CutOff),
    /// What the whole answer took; at most once, after all text.
    Usage(Usage),
}

/// Tokens, as the provider counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    pub prompt: u64,
    pub answer: u64,
}

/// An answer as it comes. It ends after the last piece, or with one error; dropping it ends the request. An answer
/// without text is an error.
pub type Answer = BoxStream<'static, Result<Piece, AnswerError>>;

/// Something that has models.
#[async_trait]
pub trait Provider: Send + Sync {
    /// First part of its models' ids: `builtin`, `ollama`, `openai`, `anthropic`.
    fn id(&self) -> &'static str;
    /// What people call it, at the start of a sentence.
    fn label(&self) -> &'static str;
    /// The models that it has now.
    async fn models(&self) -> Result<Vec<ModelInfo>, AnswerError>;
    /// Asks the model that the provider knows as `model`. One try; no time limit of its own.
    async fn answer(&self, model: &str, task: &Task) -> Result<Answer, AnswerError>;
}
