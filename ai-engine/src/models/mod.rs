//! Language models behind one small trait: they answer a question from numbered passages.

mod anthropic;
mod catalog;
mod error;
mod extractive;
mod features;
mod frames;
mod http;
mod json;
mod lines;
mod listing;
mod ollama;
mod openai;
pub mod prompt;
mod refusal;
mod refusal_words;
mod reply;
mod request;
mod retry;
#[cfg(test)]
mod testing;
mod thoughts;

use async_trait::async_trait;
use collabry_shared::conversations::CutOff;
use collabry_shared::models::ModelInfo;
use futures::stream::BoxStream;

pub use self::catalog::{Availability, Models, ProviderSnapshot};
pub use self::error::AnswerError;
pub use self::extractive::Extractive;
pub use self::request::{AnswerRequest, Coverage, PastMessage, Speaker};
pub use self::retry::RetryPolicy;

/// An event of an answer, in the order in which a model sends them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerEvent {
    /// Text of the answer, never empty.
    Text(String),
    /// A heartbeat of a model that thinks before it answers. Its thoughts are neither shown nor stored.
    Thinking,
    /// All text so far was a thought and is not part of the answer.
    Retracted,
    /// Why the answer may have ended too early; after all text.
    CutOff(CutOff),
    /// The tokens of the whole answer; at most once, after all text.
    Usage(Usage),
}

/// Numbers of tokens, as the provider counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    pub prompt: u64,
    pub answer: u64,
}

/// A streamed answer. It ends after the last event or with one error; dropping it cancels the request. An answer
/// without text is an error.
pub type Answer = BoxStream<'static, Result<AnswerEvent, AnswerError>>;

/// A service that offers models.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The first part of its models' ids: `builtin`, `ollama`, `openai`, `anthropic`.
    fn id(&self) -> &'static str;
    /// Its name for people, as at the start of a sentence.
    fn label(&self) -> &'static str;
    /// The models that it offers now.
    async fn models(&self) -> Result<Vec<ModelInfo>, AnswerError>;
    /// Asks the model that the provider knows as `model`: one attempt, without a timeout of its own.
    async fn answer(&self, model: &str, request: &AnswerRequest) -> Result<Answer, AnswerError>;
}
