//! Publishes how many versions of others come before each one that waits.

use std::collections::HashMap;

use collabry_shared::realtime::{Event, Room};
use collabry_shared::sources::{IngestState, OpenVersion, SegmentId, ahead};
use collabry_shared::storage::StoreResult;

use super::IngestionParts;

/// The most sources published in one round: those that come first.
const MAX_PUBLISHED: usize = 50;

/// The positions as they were last published.
#[derive(Debug, Default)]
pub(super) struct QueuePositions {
    published: HashMap<SegmentId, u32>,
}

impl QueuePositions {
    /// Publishes the positions that have changed.
    pub async fn publish(&mut self, parts: &IngestionParts) -> StoreResult<()> {
        let open = parts.stores.ingest_queue.open_versions(parts.clock.now()).await?;
        let ahead = ahead(&open);
        self.published.retain(|segment, _| ahead.contains_key(segment));
        let mut waiting: Vec<(&OpenVersion, u32)> =
            open.iter().filter_map(|version| Some((version, *ahead.get(&version.segment)?))).collect();
        waiting.sort_by_key(|(version, ahead)| (*ahead, version.queued_at));
        waiting.retain(|(version, ahead)| self.published.get(&version.segment) != Some(ahead));
        waiting.truncate(MAX_PUBLISHED);
        for (OpenVersion { segment, notebook_id, .. }, ahead) in waiting {
            self.published.insert(*segment, ahead);
            let source = parts.stores.sources.get(*notebook_id, segment.source_id).await?;
            let Some(mut source) = source.filter(|source| source.latest.version == segment.version) else {
                continue;
            };
            if source.latest.state == IngestState::Queued {
                source.latest.ahead = Some(ahead);
                parts.fan_out.emit(Room::Notebook(*notebook_id), Event::SourceStatus { source }).await;
            }
        }
        Ok(())
    }
}
