//! How long the queue is before what waits in it.

use collabry_shared::sources::{IngestState, SegmentId, Source, ahead};

use crate::state::ApiState;

/// Says of each source that is queued how many others have their turn before it; nothing when that cannot be told.
pub async fn say_what_is_ahead(state: &ApiState, sources: &mut [Source]) {
    if sources.iter().all(|source| source.latest.state != IngestState::Queued) {
        return;
    }
    let ahead = match state.stores.ingest_queue.open_versions(state.clock.now()).await {
        Ok(open) => ahead(&open),
        Err(error) => {
            tracing::warn!(%error, "how long the queue is cannot be told");
            return;
        }
    };
    for source in sources.iter_mut().filter(|source| source.latest.state == IngestState::Queued) {
        let segment = SegmentId { source_id: source.id, version: source.latest.version };
        source.latest.ahead = ahead.get(&segment).copied();
    }
}
