//! The worker's health and numbers.

use async_trait::async_trait;
use collabry_shared::config::Role;
use collabry_shared::health::{Readiness, Vitals, metrics, probe};
use collabry_shared::storage::Stores;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use crate::jobs::RunCounts;

pub(crate) struct WorkerVitals {
    stores: Stores,
    draining: CancellationToken,
    registry: Registry,
}

impl WorkerVitals {
    pub fn new(stores: Stores, runs: RunCounts, draining: CancellationToken) -> Self {
        let mut registry = metrics::registry(Role::Worker);
        registry.sub_registry_with_prefix("worker").register("runs", "Runs of jobs by how they ended", runs);
        Self { stores, draining, registry }
    }
}

#[async_trait]
impl Vitals for WorkerVitals {
    async fn ready(&self) -> Readiness {
        let (database, blobs) =
            tokio::join!(probe("database", self.stores.probe.ping()), probe("blobs", self.stores.blobs.ping()));
        Readiness::of(self.draining.is_cancelled(), vec![database, blobs])
    }

    fn metrics(&self) -> String {
        metrics::text(&self.registry)
    }
}
