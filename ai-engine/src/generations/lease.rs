//! Renews the lease on a generation.

use std::time::Duration;

use collabry_shared::generations::GenerationRepo;
use collabry_shared::generations::lease::{HEARTBEAT, until};
use collabry_shared::ids::{GenerationId, OwnerId};
use jiff::SignedDuration;

use super::parts::GenerationParts;

/// The wait before work that depends on leases, after the database was unavailable: their owners renew them first.
pub(super) const SETTLE: Duration = Duration::from_secs(3);

/// Between attempts to renew while the database is unavailable: shorter than [`SETTLE`].
const RETRY: Duration = Duration::from_millis(500);

/// While the database is unavailable nobody can take over, so the answer goes on. If it is unavailable for this engine
/// only, the engine that takes over ends the log, and nothing is shown that is added later; this bounds the work that
/// is wasted.
const GRACE: SignedDuration = SignedDuration::from_secs(30);

/// Renews the lease; returns when it is lost.
pub(super) async fn keep(parts: &GenerationParts, id: GenerationId, owner: OwnerId) {
    let generations: &dyn GenerationRepo = parts.stores.generations.as_ref();
    let mut held_until = until(parts.clock.now());
    let mut wait = HEARTBEAT;
    loop {
        tokio::time::sleep(wait).await;
        let now = parts.clock.now();
        match generations.renew(id, owner, until(now)).await {
            Ok(true) => (held_until, wait) = (until(now), HEARTBEAT),
            Err(error) if now.duration_since(held_until) < GRACE => {
                tracing::warn!(%id, %error, "lease renewal failed");
                wait = RETRY;
            }
            Ok(false) | Err(_) => return,
        }
    }
}
