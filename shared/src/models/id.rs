//! Models by name.

use std::fmt;

use serde::{Deserialize, Serialize};

const BUILTIN: &str = "builtin";

/// `provider/name`, for example `builtin/extractive` or `ollama/llama3.2:3b`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelId {
    provider: String,
    name: String,
}

#[derive(Debug, thiserror::Error)]
#[error("a model is named provider/name, for example builtin/extractive")]
pub struct InvalidModelId;

impl ModelId {
    const MAX_BYTES: usize = 200;

    pub fn parse(text: &str) -> Result<Self, InvalidModelId> {
        let (provider, name) = text.split_once('/').ok_or(InvalidModelId)?;
        let ok = !provider.is_empty()
            && provider.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !name.is_empty()
            && !name.contains(|c: char| c.is_control() || c.is_whitespace())
            && text.len() <= Self::MAX_BYTES;
        if ok { Ok(Self { provider: provider.to_owned(), name: name.to_owned() }) } else { Err(InvalidModelId) }
    }

    /// The answerer that is always there.
    pub fn extractive() -> Self {
        Self { provider: BUILTIN.to_owned(), name: "extractive".to_owned() }
    }

    /// Whether it answers by itself, without asking anybody outside.
    pub fn is_builtin(&self) -> bool {
        self.provider == BUILTIN
    }

    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The name by which the provider knows it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.name)
    }
}

impl TryFrom<String> for ModelId {
    type Error = InvalidModelId;

    fn try_from(text: String) -> Result<Self, InvalidModelId> {
        Self::parse(&text)
    }
}

impl From<ModelId> for String {
    fn from(id: ModelId) -> Self {
        id.to_string()
    }
}
