//! What a server does not accept, once it has said so.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::refusal::Told;

/// Enough for every model that people name; beyond it the oldest entries are forgotten and learned again.
const MAX_LEARNED: usize = 1_000;

/// A part of a request that some servers refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// `stream_options`: it can do without, only that nobody hears what it took.
    StreamOptions,
    /// `max_tokens`; newer models want `max_completion_tokens` in its place.
    MaxTokens,
    MaxCompletionTokens,
    /// A message with the role `system`: the instruction stands before the first question instead.
    System,
    /// `stream: true`: the answer comes whole.
    Stream,
}

impl Part {
    /// Whether a refusal is about it.
    fn is_refused(self, told: &Told) -> bool {
        match self {
            Self::StreamOptions => told.names(&["stream_options", "include_usage"]),
            Self::MaxTokens => told.names(&["max_tokens"]),
            Self::MaxCompletionTokens => told.names(&["max_completion_tokens"]),
            Self::System => told.names(&[
                "system role not supported",
                "system role is not supported",
                "does not support 'system'",
                "does not support \"system\"",
                "system messages are not supported",
                "system message is not supported",
                "developer instruction is not enabled",
                "only user and assistant roles are supported",
                "roles must alternate",
            ]),
            Self::Stream => {
                told.is_about("stream")
                    || told.names(&[
                        "does not support streaming",
                        "streaming is not supported",
                        "stream is not supported",
                        "must be verified to stream",
                        "'stream' does not support",
                    ])
            }
        }
    }

    /// Whether it differs between the models of one server.
    fn is_of_a_model(self) -> bool {
        matches!(self, Self::System | Self::Stream)
    }
}

/// What each server, and each of its models, refused so far.
#[derive(Debug, Default)]
pub(super) struct Refused(Mutex<BTreeSet<(String, Part)>>);

impl Refused {
    pub fn accepts(&self, model: &str, part: Part) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&key(model, part))
    }

    /// Learns from a refusal which of the sent parts it is about; `false`: of none.
    pub fn learn(&self, model: &str, told: &Told, sent: &[Part]) -> bool {
        let Some(part) = sent.iter().find(|part| part.is_refused(told)) else {
            return false;
        };
        tracing::info!(model, ?part, "a model server refuses a part of our requests, which now come without it");
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.len() >= MAX_LEARNED {
            refused.clear();
        }
        refused.insert(key(model, *part))
    }
}

fn key(model: &str, part: Part) -> (String, Part) {
    (if part.is_of_a_model() { model.to_owned() } else { String::new() }, part)
}
