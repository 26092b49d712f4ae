//! Request features that a server has rejected, so that they are not sent again.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::refusal::ErrorReport;

/// Enough for every model that people name. Beyond it all entries are dropped, and learned again.
const MAX_LEARNED: usize = 1_000;

/// A feature of a request that some servers reject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Feature {
    /// `stream_options`: without it the number of tokens is unknown.
    StreamOptions,
    /// `max_tokens`; newer models want `max_completion_tokens` instead.
    MaxTokens,
    MaxCompletionTokens,
    /// A message with the role `system`: without it the instruction goes in front of the first question.
    System,
    /// `stream: true`: without it the answer arrives in one piece.
    Stream,
}

impl Feature {
    /// Whether an error is about it.
    fn is_rejected(self, report: &ErrorReport) -> bool {
        match self {
            Self::StreamOptions => report.names(&["stream_options", "include_usage"]),
            Self::MaxTokens => report.names(&["max_tokens"]),
            Self::MaxCompletionTokens => report.names(&["max_completion_tokens"]),
            Self::System => report.names(&[
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
                report.is_about("stream")
                    || report.names(&[
                        "does not support streaming",
                        "streaming is not supported",
                        "stream is not supported",
                        "must be verified to stream",
                        "'stream' does not support",
                    ])
            }
        }
    }

    /// Whether the models of one server differ in it.
    fn is_per_model(self) -> bool {
        matches!(self, Self::System | Self::Stream)
    }
}

/// The features that a server, or one of its models, has rejected so far.
#[derive(Debug, Default)]
pub(super) struct Rejected(Mutex<BTreeSet<(String, Feature)>>);

impl Rejected {
    pub fn accepts(&self, model: &str, feature: Feature) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&key(model, feature))
    }

    /// Learns from an error which of the sent features it is about; `false`: about none.
    pub fn learn(&self, model: &str, report: &ErrorReport, sent: &[Feature]) -> bool {
        let Some(feature) = sent.iter().find(|feature| feature.is_rejected(report)) else {
            return false;
        };
        tracing::info!(model, ?feature, "model server rejected a request feature; requests go on without it");
        let mut rejected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rejected.len() >= MAX_LEARNED {
            rejected.clear();
        }
        rejected.insert(key(model, *feature))
    }
}

fn key(model: &str, feature: Feature) -> (String, Feature) {
    (if feature.is_per_model() { model.to_owned() } else { String::new() }, feature)
}
