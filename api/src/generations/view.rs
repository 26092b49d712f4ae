//! What every stream of a generation reads: its log while it goes on, and the stored answer for what the log of one that is
//! over lacks. Nobody is told an end before everything that comes before it.

use std::time::Duration;

use collabry_shared::generations::{EventId, Generation, Layout, LoggedEvent};
use collabry_shared::ids::GenerationId;
use collabry_shared::storage::{StoreError, StoreResult};

use super::retell;
use crate::http::{ApiError, ApiResult, Code};
use crate::state::ApiState;

/// How long a tail waits for the next event before it asks the database whether there will be one.
const WAIT: Duration = Duration::from_secs(10);
/// How long a log that was lost may take until it is there again.
const COMES_BACK: Duration = Duration::from_secs(5);

/// The events after `after` so far.
pub async fn so_far(state: &ApiState, generation: &Generation, after: EventId) -> ApiResult<Vec<LoggedEvent>> {
    if generation.state.is_final() {
        return Ok(retell::after(state, generation, after).await?);
    }
    Ok(state.stores.generation_log.read(generation.id, after, Duration::ZERO).await?)
}

/// Refuses an id that was never given out: who waits for what comes after it would miss all that is before it. While Redis
/// cannot say, it is believed.
pub async fn check_given_out(state: &ApiState, generation: &Generation, after: EventId) -> ApiResult<()> {
    if after == 0 {
        return Ok(());
    }
    if generation.state.is_final() {
        return given_out_in(state, generation, after).await;
    }
    let log = &state.stores.generation_log;
    if last_in(state, generation.id).await?.is_none_or(|last| after <= last) {
        return Ok(());
    }
    // A log that was lost is written again by who writes it.
    if !log.read(generation.id, after - 1, COMES_BACK).await?.is_empty() {
        return Ok(());
    }
    match last_in(state, generation.id).await? {
        // Away, or lost and not written again yet.
        None | Some(0) => Ok(()),
        Some(last) if after <= last => Ok(()),
        Some(_) => match state.stores.generations.get(generation.id).await? {
            Some(over) if over.state.is_final() => given_out_in(state, &over, after).await,
            _ => Err(not_given_out()),
        },
    }
}

pub fn not_given_out() -> ApiError {
    ApiError::from(Code::EventIdInvalid)
}

/// The last event in the log; `None` while Redis cannot say.
async fn last_in(state: &ApiState, id: GenerationId) -> StoreResult<Option<EventId>> {
    match state.stores.generation_log.last_event_id(id).await {
        Err(StoreError::Redis(_)) => Ok(None),
        last => last.map(Some),
    }
}

async fn given_out_in(state: &ApiState, over: &Generation, after: EventId) -> ApiResult<()> {
    let last = match &over.layout {
        Some(layout) => layout.last_event_id(),
        // The version before did not say. Its log may be forgotten, and then nobody knows.
        None => match last_in(state, over.id).await? {
            None | Some(0) => return Ok(()),
            Some(last) => last,
        },
    };
    if after <= last { Ok(()) } else { Err(not_given_out()) }
}

/// Whether there is nothing after `after`, now and for ever.
pub async fn is_told(state: &ApiState, generation: &Generation, after: EventId) -> StoreResult<bool> {
    if after == 0 || !generation.state.is_final() {
        return Ok(false);
    }
    match generation.layout.as_ref().map(Layout::last_event_id) {
        Some(last) => Ok(after >= last),
        None => Ok(retell::after(state, generation, after).await?.is_empty()),
    }
}

/// Follows a generation from an event to its end.
#[derive(Debug)]
pub struct GenerationEvents {
    state: ApiState,
    id: GenerationId,
    after: EventId,
    /// Whether the database said that the generation goes on, and no wait has been in vain since: the log will tell.
    goes_on: bool,
    ended: bool,
}

impl GenerationEvents {
    pub fn new(state: ApiState, id: GenerationId, after: EventId) -> Self {
        Self { state, id, after, goes_on: false, ended: false }
    }

    /// The next events, none when there are none for a while; `None`: nothing will follow. A Redis that is away is waited
    /// for, however long it takes.
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
            // Asked before the wait, so that nobody waits for the log of a generation that is over.
            match self.state.stores.generations.get(self.id).await? {
                Some(over) if over.state.is_final() => {
                    let rest = retell::after(&self.state, &over, self.after).await?;
                    return Ok(Some(rest).filter(|events| !events.is_empty()));
                }
                Some(_) => {}
                // Deleted with its conversation; whoever runs it will say so in the log.
                None => return Ok(Some(log.read(self.id, self.after, WAIT).await?).filter(|events| !events.is_empty())),
            }
        }
        let events = log.read(self.id, self.after, WAIT).await?;
        self.goes_on = !events.is_empty();
        Ok(Some(events))
    }
}
