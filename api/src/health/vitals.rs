//! The api's health and numbers.

use async_trait::async_trait;
use collabry_shared::config::Role;
use collabry_shared::health::{Readiness, Vitals, metrics, probe};
use prometheus_client::registry::Registry;

use crate::state::ApiState;

/// Engines are not required: chat goes on without them, and questions wait for one.
pub async fn readiness(state: &ApiState) -> Readiness {
    let stores = &state.stores;
    let (database, blobs, engines) =
        tokio::join!(probe("database", stores.probe.ping()), probe("blobs", stores.blobs.ping()), state.engine.ready());
    let mut dependencies = vec![database, blobs];
    dependencies.extend(engines);
    Readiness::of(state.draining.is_cancelled(), dependencies)
}

pub struct ApiVitals {
    state: ApiState,
    registry: Registry,
}

impl ApiVitals {
    pub fn new(state: ApiState) -> Self {
        let mut registry = metrics::registry(Role::Api);
        let help = "Requests answered, by class of status; without static files and sockets";
        registry.sub_registry_with_prefix("api").register("requests", help, state.requests.clone());
        Self { state, registry }
    }
}

#[async_trait]
impl Vitals for ApiVitals {
    async fn ready(&self) -> Readiness {
        readiness(&self.state).await
    }

    fn metrics(&self) -> String {
        metrics::text(&self.registry)
    }
}
