//! Models by name.

use std::fmt;
use std::str::FromStr;

use super::{InvalidModelId, ModelId};

/// One model, or with a `*` at the end all whose ids begin so: `openai/gpt-4.1`, `anthropic/claude-*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelPattern(String);

impl ModelPattern {
    pub fn matches(&self, model: &ModelId) -> bool {
        let model = model.to_string();
        match self.0.strip_suffix('*') {
            Some(beginning) => model.starts_with(beginning),
            None => model == self.0,
        }
    }
}

impl From<&ModelId> for ModelPattern {
    fn from(model: &ModelId) -> Self {
        Self(model.to_string())
    }
}

impl FromStr for ModelPattern {
    type Err = InvalidModelId;

    fn from_str(text: &str) -> Result<Self, InvalidModelId> {
        ModelId::parse(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ModelPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_the_rest() {
        let matches = |pattern: &str, model: &str| {
            pattern.parse::<ModelPattern>().unwrap().matches(&ModelId::parse(model).unwrap())
        };
        assert!(matches("openai/gpt-4.1", "openai/gpt-4.1"));
        assert!(!matches("openai/gpt-4.1", "openai/gpt-4.1-mini"));
        assert!(matches("openai/gpt-4*", "openai/gpt-4.1-mini"));
        assert!(matches("openai/*", "openai/x/y"));
        assert!(!matches("openai/*", "ollama/gpt-4"));
        assert!("openai".parse::<ModelPattern>().is_err());
    }
}
