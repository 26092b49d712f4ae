//! Metrics of answers: outcomes, durations and tokens.

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

use super::outcome::Outcome;
use crate::models::{Models, Usage};

/// The most models with labels of their own; further ones share one for each provider.
const MAX_LABELS: usize = 50;

const STATES: [&str; 5] = ["done", "stopped", "interrupted", "failed", "unwanted"];

type ByModel = [(&'static str, String); 1];
type ByModelAnd = [(&'static str, String); 2];

#[derive(Debug)]
pub struct Metrics {
    models: Arc<Models>,
    named: Mutex<HashSet<ModelId>>,
    ended: Family<ByModelAnd, Counter>,
    duration: Family<ByModel, Histogram>,
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
            duration: Family::new_with_constructor(long),
            first_text: Family::new_with_constructor(long),
            tokens: Family::default(),
            unclaimed: Gauge::default(),
        }
    }

    /// `registry` is the engine's.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("generations", "Answers, by outcome", self.ended.clone());
        let help = "Time from the claim of a generation to its end";
        registry.register("generation_duration_seconds", help, self.duration.clone());
        let help = "Time from the question to the first text of its answer";
        registry.register("first_text_seconds", help, self.first_text.clone());
        let help = "Tokens of prompts and answers, where providers report them";
        registry.register("tokens", help, self.tokens.clone());
        let help = "Questions that no engine has claimed within five seconds";
        registry.register("generations_unclaimed", help, self.unclaimed.clone());
    }

    /// `elapsed` is `None` when the generation never started.
    pub(super) fn ended(&self, model: &ModelId, outcome: &Outcome, elapsed: Option<Duration>) {
        let state = match outcome {
            Outcome::Complete(_) => "done",
            Outcome::Stopped => "stopped",
            Outcome::Interrupted | Outcome::TakenOver => "interrupted",
            Outcome::Failed(_) => "failed",
            Outcome::Unwanted(_) => "unwanted",
        };
        let model = self.label(model);
        for label in STATES {
            // Every series exists before it is first increased: otherwise that increase would be invisible.
            let labels = [("model", model.clone()), ("state", label.to_owned())];
            self.ended.get_or_create(&labels).inc_by(u64::from(label == state));
        }
        if let Some(elapsed) = elapsed {
            self.duration.get_or_create(&[("model", model)]).observe(elapsed.as_secs_f64());
        }
    }

    /// `waited` is the time since the question was stored.
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

    /// Users can name any model, so only models that a provider lists get a label, up to `MAX_LABELS`.
    fn label(&self, model: &ModelId) -> String {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if named.contains(model) {
            return model.to_string();
        }
        let snapshots = self.models.snapshots();
        let Some(provider) = snapshots.iter().find(|snapshot| snapshot.status.provider == model.provider()) else {
            return "unknown".to_owned();
        };
        if named.len() < MAX_LABELS && provider.status.models.iter().any(|listed| listed.id == *model) {
            named.insert(model.clone());
            return model.to_string();
        }
        format!("{}/other", model.provider())
    }
}
