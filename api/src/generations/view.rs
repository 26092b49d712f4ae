//! What every stream of a generation reads: its log, and its end when the log lacks it.

use std::time::Duration;

use collabry_shared::generations::{EventId, GenerationEvent, LoggedEvent};
use collabry_shared::ids::GenerationId;
use collabry_shared::storage::StoreResult;

use crate::state::ApiState;

/// How long one look at the log waits for the next event.
const WAIT: Duration = Duration::from_secs(30);

/// The events after `after` so far.
pub async fn so_far(state: &ApiState, id: GenerationId, after: EventId) -> StoreResult<Vec<LoggedEvent>> {
    let events = state.stores.generation_log.read(id, after, Duration::ZERO).await?;
    if !events.is_empty() {
        return Ok(events);
    }
    let end = state.stores.generations.get(id).await?.and_then(|generation| generation.final_event());
    match end {
        Some(end) => Ok(the_end(state, id, after, end).await?.unwrap_or_default()),
        None => Ok(events),
    }
}

/// The events after `after`, none when there are none for a while; `None`: nothing will follow.
pub async fn next(state: &ApiState, id: GenerationId, after: EventId) -> StoreResult<Option<Vec<LoggedEvent>>> {
    let log = &state.stores.generation_log;
    let events = log.read(id, after, Duration::ZERO).await?;
    if !events.is_empty() {
        return Ok(Some(events));
    }
    // Looked at before the wait, so that nobody waits for the log of a generation that is over.
    match state.stores.generations.get(id).await? {
        Some(generation) => match generation.final_event() {
            Some(end) => the_end(state, id, after, end).await,
            None => log.read(id, after, WAIT).await.map(Some),
        },
        // Deleted with its conversation; whoever runs it will say so in the log.
        None => Ok(Some(log.read(id, after, WAIT).await?).filter(|events| !events.is_empty())),
    }
}

/// The end of a generation that is over. Its log may lack it: forgotten, or cut short by a crash.
async fn the_end(
    state: &ApiState,
    id: GenerationId,
    after: EventId,
    event: GenerationEvent,
) -> StoreResult<Option<Vec<LoggedEvent>>> {
    let mut events = state.stores.generation_log.read(id, 0, Duration::ZERO).await?;
    let logged = events.last().is_some_and(|last| last.event.is_final());
    events.retain(|event| event.event_id > after);
    if events.is_empty() && !logged {
        events.push(LoggedEvent { event_id: after + 1, event });
    }
    Ok(Some(events).filter(|events| !events.is_empty()))
}
