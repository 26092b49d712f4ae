//! What every stream of a generation reads: its log, and its end when the log lacks it.

use std::time::Duration;

use collabry_shared::generations::{EventId, GenerationEvent, LoggedEvent};
use collabry_shared::ids::GenerationId;
use collabry_shared::storage::StoreResult;

use crate::state::ApiState;

/// How long a tail waits for the next event before it asks the database whether there will be one.
const WAIT: Duration = Duration::from_secs(10);

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

/// Follows a generation from an event to its end.
#[derive(Debug)]
pub struct Tail {
    state: ApiState,
    id: GenerationId,
    after: EventId,
    /// Whether the database said that the generation goes on, and no wait has been in vain since: the log will tell.
    goes_on: bool,
    ended: bool,
}

impl Tail {
    pub fn new(state: ApiState, id: GenerationId, after: EventId) -> Self {
        Self { state, id, after, goes_on: false, ended: false }
    }

    /// The next events, none when there are none for a while; `None`: nothing will follow.
    pub async fn next(&mut self) -> StoreResult<Option<Vec<LoggedEvent>>> {
        if self.ended {
            return Ok(None);
        }
        let events = self.look().await?;
        match events.as_deref().map(<[_]>::last) {
            Some(Some(last)) => {
                self.after = last.event_id;
                self.ended = last.event.is_final();
            }
            Some(None) => {}
            None => self.ended = true,
        }
        Ok(events)
    }

    async fn look(&mut self) -> StoreResult<Option<Vec<LoggedEvent>>> {
        let log = &self.state.stores.generation_log;
        if !self.goes_on {
            let events = log.read(self.id, self.after, Duration::ZERO).await?;
            if !events.is_empty() {
                return Ok(Some(events));
            }
            // Asked before the wait, so that nobody waits for the log of a generation that is over.
            match self.state.stores.generations.get(self.id).await? {
                Some(generation) => {
                    if let Some(end) = generation.final_event() {
                        return the_end(&self.state, self.id, self.after, end).await;
                    }
                }
                // Deleted with its conversation; whoever runs it will say so in the log.
                None => return Ok(Some(log.read(self.id, self.after, WAIT).await?).filter(|events| !events.is_empty())),
            }
        }
        let events = log.read(self.id, self.after, WAIT).await?;
        self.goes_on = !events.is_empty();
        Ok(Some(events))
    }
}

/// The end of a generation that is over. Its log may lack it: forgotten, cut short by a crash, or begun anew after a loss.
async fn the_end(
    state: &ApiState,
    id: GenerationId,
    after: EventId,
    event: GenerationEvent,
) -> StoreResult<Option<Vec<LoggedEvent>>> {
    let mut events = state.stores.generation_log.read(id, 0, Duration::ZERO).await?;
    let seen = events.last().is_some_and(|last| last.event.is_final() && last.event_id == after);
    events.retain(|event| event.event_id > after);
    if events.is_empty() && !seen {
        events.push(LoggedEvent { event_id: after + 1, event });
    }
    Ok(Some(events).filter(|events| !events.is_empty()))
}
