//! What goes between an api and an ai-engine over HTTP. All of it is JSON; unknown fields are ignored, so that a version
//! may talk to the one before and the one after it. `docs/architecture.md` has the contract.

use serde::{Deserialize, Serialize};

use super::{ProviderStatus, SearchHit};
use crate::ids::GenerationId;

pub const SEARCH: &str = "/v1/search";
pub const GENERATIONS: &str = "/v1/generations";
pub const MODELS: &str = "/v1/models";
pub const SOURCES_CHANGED: &str = "/v1/sources/changed";
pub const READY: &str = "/ready";

/// Path that stops a generation.
pub fn stop(id: GenerationId) -> String {
    format!("{GENERATIONS}/{id}/stop")
}

/// Body of [`GENERATIONS`].
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Start {
    pub id: GenerationId,
}

/// Answer to [`stop`].
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct StopResponse {
    /// `false`: it was over already.
    pub stopped: bool,
}

/// Answer to [`SEARCH`], best first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hits {
    pub hits: Vec<SearchHit>,
}

/// Answer to [`MODELS`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Providers {
    pub providers: Vec<ProviderStatus>,
}

/// Body of every refusal and failure: RFC 9457 problem details.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ErrorBody {
    /// `about:blank`: the code says it all.
    #[serde(rename = "type", default)]
    pub kind: String,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub status: u16,
    /// A sentence for the log.
    #[serde(default)]
    pub detail: String,
    /// The trace in which it happened; empty: none.
    #[serde(rename = "traceId", default, skip_serializing_if = "String::is_empty")]
    pub trace_id: String,
    pub code: Code,
}

/// Why an engine did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The service secret is missing or wrong.
    Unauthorized,
    /// The request cannot be understood.
    RequestInvalid,
    NotFound,
    /// No place is free: ask another engine, or again after `Retry-After`.
    EngineBusy,
    /// Another live engine runs the generation: only that one can stop it.
    RunsElsewhere,
    /// The engine cannot reach its database: ask another one, or again after `Retry-After`.
    StoreUnavailable,
    /// Something went wrong in the engine.
    #[serde(other)]
    Internal,
}

#[cfg(test)]
mod tests {
    use super::{Code, ErrorBody};

    #[test]
    fn what_a_later_version_adds_is_understood_as_far_as_it_goes() {
        let problem: ErrorBody = serde_json::from_str(r#"{"code":"new_code","status":507,"more":1}"#).unwrap();
        assert_eq!((problem.code, problem.status), (Code::Internal, 507));
    }
}
