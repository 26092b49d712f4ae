//! The right to write a generation, which has to be renewed.

use std::time::Duration;

use collabry_shared::generations::GenerationRepo;
use collabry_shared::ids::{GenerationId, OwnerId};
use jiff::{SignedDuration, Timestamp};

use super::runner::Parts;

/// A process that has not renewed for so long counts as dead.
pub(super) const LEASE: SignedDuration = SignedDuration::from_secs(15);

/// Two renewals may fail before the lease runs out.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// The end of a lease that begins now.
pub(super) fn until(now: Timestamp) -> Timestamp {
    now.saturating_add(LEASE).unwrap_or(Timestamp::MAX)
}

/// Renews the lease; returns when it is lost.
pub(super) async fn keep(parts: &Parts, id: GenerationId, owner: OwnerId) {
    let generations: &dyn GenerationRepo = parts.stores.generations.as_ref();
    let mut held_until = until(parts.clock.now());
    loop {
        tokio::time::sleep(HEARTBEAT).await;
        let next = until(parts.clock.now());
        match generations.renew(id, owner, next).await {
            Ok(true) => held_until = next,
            Err(error) if parts.clock.now() < held_until => {
                tracing::warn!(%id, %error, "a lease could not be renewed; trying again");
            }
            Ok(false) | Err(_) => return,
        }
    }
}
