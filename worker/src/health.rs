//! The worker's readiness and metrics.

use async_trait::async_trait;
use collabry_shared::health::{HealthSource, Readiness, probe};
use collabry_shared::stores::Stores;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

pub(crate) struct WorkerHealth {
    pub stores: Stores,
    pub draining: CancellationToken,
    pub registry: Registry,
}

#[async_trait]
impl HealthSource for WorkerHealth {
    async fn ready(&self) -> Readiness {
        let (database, blobs) =
            tokio::join!(probe("database", self.stores.probe.ping()), probe("blobs", self.stores.blobs.ping()));
        Readiness::of(self.draining.is_cancelled(), vec![database, blobs])
    }

    fn registry(&self) -> &Registry {
        &self.registry
    }
}
