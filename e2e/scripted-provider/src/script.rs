//! What a reply looks like, as told by `POST /script` or by the name of the model.

use std::time::Duration;

use serde::Deserialize;

const TEXT: &str = "The sources say so [1]. This answer was written by a script.";

/// One reply to a chat request.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Reply {
    /// Anything but 200 is sent at once, with `body`.
    pub status: u16,
    /// The `Retry-After` header.
    pub retry_after: Option<String>,
    pub body: String,
    /// Milliseconds before the first token, and before the status.
    pub first: u64,
    /// Milliseconds between tokens.
    pub between: u64,
    /// Words of the answer; `tokens` set: that many numbered words instead.
    pub text: String,
    pub tokens: Option<u32>,
    /// Sent as it is, in place of the protocol; in a listing, in place of the list.
    pub raw: Option<String>,
    /// What follows `raw` once `POST /go` says so.
    pub rest: Option<String>,
    /// In place of the protocol's.
    pub content_type: Option<String>,
    /// A keep-alive comment and an empty delta before each token.
    pub noise: bool,
    /// Cuts what is sent into pieces of this many bytes, also inside characters.
    pub cut: Option<usize>,
    pub end: Ending,
    /// Tokens before the ending; all when unset.
    pub after: Option<usize>,
}

/// How a reply ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// As the protocol wants.
    Done,
    /// The body ends, but nothing says that the answer has.
    Eof,
    /// The connection is dropped in the middle of a chunk.
    Abort,
    /// Nothing more comes, and the connection stays open.
    Hang,
    /// An error object in the stream.
    Error,
}

impl Default for Reply {
    fn default() -> Self {
        Self {
            status: 200,
            retry_after: None,
            body: String::new(),
            first: 0,
            between: 0,
            text: TEXT.to_owned(),
            tokens: None,
            raw: None,
            rest: None,
            content_type: None,
            noise: false,
            cut: None,
            end: Ending::Done,
            after: None,
        }
    }
}

impl Reply {
    /// Reads `name:key=value,key=value`, for example `scripted:tokens=200,between=20,end=abort,after=50`. `None` when
    /// the name is not of this form or says what no reply can do.
    pub fn from_model(model: &str) -> Option<Self> {
        let Some((_, settings)) = model.split_once(':') else {
            return Some(Self::default());
        };
        let pairs = settings.split(',').map(|pair| {
            let (key, value) = pair.split_once('=')?;
            let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
            Some((key.to_owned(), value))
        });
        serde_json::from_value(serde_json::Value::Object(pairs.collect::<Option<_>>()?)).ok()
    }

    /// The tokens up to the ending.
    pub fn words(&self) -> Vec<String> {
        let words: Vec<String> = match self.tokens {
            Some(count) => (1..=count).map(|n| format!("w{n} ")).collect(),
            None => self.text.split_inclusive(' ').map(str::to_owned).collect(),
        };
        let count = self.after.unwrap_or(words.len());
        words.into_iter().take(count).collect()
    }

    pub fn before_token(&self, index: usize) -> Duration {
        Duration::from_millis(if index == 0 { self.first } else { self.between })
    }
}

#[cfg(test)]
mod tests {
    use super::{Ending, Reply};

    #[test]
    fn a_model_name_is_a_script() {
        let reply = Reply::from_model("scripted:tokens=5,between=20,end=abort,after=2").unwrap();
        assert_eq!((reply.between, reply.end), (20, Ending::Abort));
        assert_eq!(reply.words(), ["w1 ", "w2 "]);
        assert!(Reply::from_model("scripted").is_some());
        assert!(Reply::from_model("scripted:wings=2").is_none());
    }
}
