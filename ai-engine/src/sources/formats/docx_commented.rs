//! Finds the words of a Word document that comments are about.

use std::collections::HashMap;

use crate::sources::builder::one_line;

/// Enough to find them.
const MAX_BYTES: usize = 120;

#[derive(Debug, Default)]
pub struct Commented {
    /// By the ids of the comments.
    words: HashMap<String, String>,
    open: Vec<String>,
}

impl Commented {
    pub fn begin(&mut self, id: Option<String>) {
        self.open.extend(id);
    }

    pub fn end(&mut self, id: Option<&str>) {
        self.open.retain(|open| Some(open.as_str()) != id);
    }

    pub fn push(&mut self, text: &str) {
        for id in &self.open {
            let words = self.words.entry(id.clone()).or_default();
            if words.len() < MAX_BYTES {
                words.push_str(text);
            }
        }
    }

    /// Returns the words that a comment refers to, in quotation marks, or an empty string.
    pub fn words(&self, id: &str) -> String {
        let words = self.words.get(id).map(|words| one_line(words)).filter(|words| !words.is_empty());
        words.map(|words| format!("“{words}”")).unwrap_or_default()
    }
}
