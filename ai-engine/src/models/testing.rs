//! Short ways to make what the inline tests need.

use collabry_shared::conversations::Citation;
use collabry_shared::ids::SourceId;

use crate::models::{AnswerRequest, Coverage};

pub fn passage(number: u32, text: &str) -> Citation {
    Citation {
        number,
        source_id: SourceId::new(),
        version: 1,
        source_name: "Notes".to_owned(),
        page: 3,
        paged: true,
        start: 0,
        end: text.chars().count() as u64,
        text: text.to_owned(),
    }
}

pub fn request(question: &str, passages: Vec<Citation>) -> AnswerRequest {
    AnswerRequest { question: question.to_owned(), history: Vec::new(), passages, coverage: Coverage::Searched }
}
