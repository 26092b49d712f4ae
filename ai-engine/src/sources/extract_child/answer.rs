//! The answer of the child to its parent.

use collabry_shared::sources::FailureCode;
use serde::{Deserialize, Serialize};

use crate::sources::document::Document;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    Document(Document),
    Error(FailureCode),
}

/// Escapes and headings can make the JSON longer than the text. No honest document needs more than this.
pub fn max_answer_bytes(max_text_bytes: usize) -> usize {
    max_text_bytes.saturating_mul(3).saturating_add(1 << 20)
}

impl Answer {
    /// The answer as JSON, within the limit up to which the parent reads.
    pub fn to_json(&self, max_text_bytes: usize) -> std::io::Result<Vec<u8>> {
        let json = serde_json::to_vec(self)?;
        if json.len() > max_answer_bytes(max_text_bytes) {
            return Ok(serde_json::to_vec(&Self::Error(FailureCode::TooMuchText))?);
        }
        Ok(json)
    }
}

impl From<Result<Document, FailureCode>> for Answer {
    fn from(result: Result<Document, FailureCode>) -> Self {
        match result {
            Ok(document) => Self::Document(document),
            Err(code) => Self::Error(code),
        }
    }
}
