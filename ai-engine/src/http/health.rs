//! The engine's readiness and metrics.

use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::engine::AiEngine as _;
use collabry_shared::health::{HealthSource, Readiness, probe};
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use crate::Engine;

pub struct EngineHealth {
    pub engine: Arc<Engine>,
    pub registry: Registry,
    pub draining: CancellationToken,
}

#[async_trait]
impl HealthSource for EngineHealth {
    async fn ready(&self) -> Readiness {
        let stores = self.engine.stores();
        let (database, blobs) =
            tokio::join!(probe("database", stores.probe.ping()), probe("blobs", stores.blobs.ping()));
        let mut dependencies = vec![database, blobs];
        dependencies.extend(self.engine.ready().await);
        Readiness::of(self.draining.is_cancelled(), dependencies)
    }

    fn registry(&self) -> &Registry {
        &self.registry
    }
}
