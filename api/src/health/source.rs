//! The api's readiness and metrics.

use async_trait::async_trait;
use collabry_shared::health::DependencyStatus;
use collabry_shared::health::{HealthSource, Readiness, probe};
use prometheus_client::registry::Registry;

use crate::state::ApiState;

/// Engines are not required: chat works without them, and questions wait for one.
pub async fn dependencies(state: &ApiState) -> Vec<DependencyStatus> {
    let stores = &state.stores;
    let (database, blobs, engines) =
        tokio::join!(probe("database", stores.probe.ping()), probe("blobs", stores.blobs.ping()), state.engine.ready());
    let mut dependencies = vec![database, blobs];
    dependencies.extend(engines);
    dependencies
}

pub struct ApiHealth {
    pub state: ApiState,
    pub registry: Registry,
}

#[async_trait]
impl HealthSource for ApiHealth {
    async fn ready(&self) -> Readiness {
        let dependencies = dependencies(&self.state).await;
        Readiness::of(self.state.draining.is_cancelled(), dependencies).with_notes(self.state.notices.notes())
    }

    fn registry(&self) -> &Registry {
        &self.registry
    }
}
