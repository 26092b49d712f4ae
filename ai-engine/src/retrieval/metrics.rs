//! Metrics of the steps of a search.

use collabry_shared::engine::EngineError;
use collabry_shared::health::metrics::{Times, quick};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use tokio::time::Instant;

#[derive(Debug)]
pub(super) struct Metrics {
    steps: Times<1>,
    loaded: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { steps: Family::new_with_constructor(quick as fn() -> _), loaded: Counter::default() }
    }
}

impl Metrics {
    pub fn register(&self, registry: &mut Registry) {
        let help = "Time of a search, in all and by step; the question is embedded while segments are loaded";
        registry.register("search_step_seconds", help, self.steps.clone());
        registry.register("segments_loaded", "Segments that were not in memory", self.loaded.clone());
    }

    /// Measures a step that succeeds.
    pub async fn step<T>(
        &self,
        step: &'static str,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        let started = Instant::now();
        let result = work.await?;
        self.steps.get_or_create(&[("step", step)]).observe(started.elapsed().as_secs_f64());
        Ok(result)
    }

    pub fn loaded(&self) {
        self.loaded.inc();
    }
}
