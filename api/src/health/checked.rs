//! Caches the last check of the dependencies.

use std::sync::Arc;
use std::time::Duration;

use collabry_shared::health::DependencyStatus;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Anybody may ask, and each check calls the database, the bucket and the engines.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Checked(Arc<Mutex<Option<Found>>>);

#[derive(Debug)]
struct Found {
    at: Instant,
    dependencies: Vec<DependencyStatus>,
}

impl Checked {
    /// The result of the last check, at most a second old. Callers that arrive during a check wait for its result.
    pub async fn lately(&self, look: impl Future<Output = Vec<DependencyStatus>>) -> Vec<DependencyStatus> {
        let mut last = self.0.lock().await;
        let found = match last.take() {
            Some(found) if found.at.elapsed() < GOOD_FOR => found,
            _ => {
                let dependencies = look.await;
                Found { at: Instant::now(), dependencies }
            }
        };
        last.insert(found).dependencies.clone()
    }
}
