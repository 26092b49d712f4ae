//! Answers: how they ended, how long people waited for them, what they took.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use collabry_shared::health::metrics::long;
use collabry_shared::models::ModelId;
use jiff::SignedDuration;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::ending::Outcome;
use crate::models::{Models, Usage};

/// Models that have labels of their own; further ones share one for each provider.
const MODELS: usize = 50;

const STATES: [&str; 5] = ["done", "stopped", "interrupted", "failed", "unwanted"];

type ByModel = [(&'static str, String); 1];
type ByModelAnd = [(&'static str, String); 2];

#[derive(Debug)]
pub struct Metrics {
    models: Arc<Models>,
    named: Mutex<HashSet<ModelId>>,
    ended: Family<ByModelAnd, Counter>,
    took: Family<ByModel, Histogram>,
    first_text: Family<ByModel, Histogram>,
    tokens: Family<ByModelAnd, Counter>,
    unclaimed: Gauge,
}

impl Metrics {
    pub fn new(models: Arc<Models>) -> Self {
        Self {
            models,
            named: Mutex::default(),
            ended: Family::default(),
            took: Family::new_with_constructor(long),
            first_text: Family::new_with_constructor(long),
            tokens: Family::default(),
            unclaimed: Gauge::default(),
        }
    }

    /// `registry` is the engine's.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("generations", "Answers, by how they ended", self.ended.clone());
        let help = "Time from the claim of a generation to its end";
        registry.register("generation_duration_seconds", help, self.took.clone());
        let help = "Time from the question to the first text of its answer";
        registry.register("first_text_seconds", help, self.first_text.clone());
        let help = "Tokens of prompts and answers, as far as providers count them";
        registry.register("tokens", help, self.tokens.clone());
        let help = "Questions that no engine has taken up for five seconds";
        registry.register("generations_unclaimed", help, self.unclaimed.clone());
    }

    /// `took` is missing when it never began.
    pub(super) fn ended(&self, model: &ModelId, outcome: &Outcome, took: Option<Duration>) {
        let state = match outcome {
            Outcome::Complete(_) => "done",
            Outcome::Stopped => "stopped",
            Outcome::Interrupted | Outcome::TakenOver => "interrupted",
            Outcome::Failed(_) => "failed",
            Outcome::Unwanted(_) => "unwanted",
        };
        let model = self.label(model);
        for one in STATES {
            // Each is there before the first, which would otherwise look like no increase.
            let labels = [("model", model.clone()), ("state", one.to_owned())];
            self.ended.get_or_create(&labels).inc_by(u64::from(one == state));
        }
        if let Some(took) = took {
            self.took.get_or_create(&[("model", model)]).observe(took.as_secs_f64());
        }
    }

    /// `waited` is from when the question was stored.
    pub(super) fn first_text(&self, model: &ModelId, waited: SignedDuration) {
        self.first_text.get_or_create(&[("model", self.label(model))]).observe(waited.as_secs_f64().max(0.0));
    }

    pub(super) fn used(&self, model: &ModelId, Usage { prompt, answer }: Usage) {
        let model = self.label(model);
        for (kind, count) in [("prompt", prompt), ("answer", answer)] {
            self.tokens.get_or_create(&[("model", model.clone()), ("kind", kind.to_owned())]).inc_by(count);
        }
    }

    pub(super) fn unclaimed(&self, count: usize) {
        self.unclaimed.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Users may name any model: only those that a provider lists have a label, and only so many.
    fn label(&self, model: &ModelId) -> String {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if named.contains(model) {
            return model.to_string();
        }
        let known = self.models.known();
        let Some(provider) = known.iter().find(|known| known.status.provider == model.provider()) else {
            return "unknown".to_owned();
        };
        if named.len() < MODELS && provider.status.models.iter().any(|listed| listed.id == *model) {
            named.insert(model.clone());
            return model.to_string();
        }
        format!("{}/other", model.provider())
    }
}
