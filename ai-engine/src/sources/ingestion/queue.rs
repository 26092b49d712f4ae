//! Tells people how many others have their turn before what they wait for.

use std::collections::HashMap;

use collabry_shared::realtime::{Event, Room};
use collabry_shared::sources::{IngestState, OpenVersion, SegmentId, ahead};
use collabry_shared::storage::StoreResult;

use super::IngestionParts;

/// Sources that are told of in one round: those whose turn comes first.
const MAX_TOLD: usize = 50;

/// What was told last.
#[derive(Debug, Default)]
pub(super) struct Queue {
    told: HashMap<SegmentId, u32>,
}

impl Queue {
    /// Tells what has changed.
    pub async fn tell(&mut self, parts: &IngestionParts) -> StoreResult<()> {
        let open = parts.stores.ingest_queue.open_versions(parts.clock.now()).await?;
        let ahead = ahead(&open);
        self.told.retain(|segment, _| ahead.contains_key(segment));
        let mut waiting: Vec<(&OpenVersion, u32)> =
            open.iter().filter_map(|one| Some((one, *ahead.get(&one.segment)?))).collect();
        waiting.sort_by_key(|(one, ahead)| (*ahead, one.queued_at));
        waiting.retain(|(one, ahead)| self.told.get(&one.segment) != Some(ahead));
        waiting.truncate(MAX_TOLD);
        for (one, ahead) in waiting {
            self.told.insert(one.segment, ahead);
            let source = parts.stores.sources.get(one.notebook_id, one.segment.source_id).await?;
            let Some(mut source) = source.filter(|source| source.latest.version == one.segment.version) else {
                continue;
            };
            if source.latest.state == IngestState::Queued {
                source.latest.ahead = Some(ahead);
                parts.fan_out.emit(Room::Notebook(one.notebook_id), Event::SourceStatus { source }).await;
            }
        }
        Ok(())
    }
}
