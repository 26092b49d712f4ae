//! Renews the right to write a generation.

use std::time::Duration;

use collabry_shared::generations::GenerationRepo;
use collabry_shared::generations::lease::{HEARTBEAT, until};
use collabry_shared::ids::{GenerationId, OwnerId};
use jiff::SignedDuration;

use super::parts::GenerationParts;

/// Between tries while the database is away: shorter than the others wait when it is back, see `SETTLE` of the runner.
const RETRY: Duration = Duration::from_millis(500);

/// While the database is away nobody can take over, so the answer goes on being written. If it is away for us only, the
/// one who takes over ends the log, and what we add after that is not shown; this bounds how long we work for nothing.
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
                tracing::warn!(%id, %error, "a lease could not be renewed; trying again");
                wait = RETRY;
            }
            Ok(false) | Err(_) => return,
        }
    }
}
