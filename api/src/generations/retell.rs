//! The events of a generation that is over: from its log as long as that is whole, and else from the stored answer, which
//! has them under the same ids.

use std::time::Duration;

use collabry_shared::generations::{EventId, Generation, Layout, LoggedEvent};
use collabry_shared::storage::{StoreError, StoreResult};

use crate::state::ApiState;

/// For the log of a version that stored only that a generation is over: whoever wrote it may be about to write it again.
const COMES_BACK: Duration = Duration::from_secs(5);

/// Everything after `after`; nothing: it was told to the end.
pub async fn after(state: &ApiState, over: &Generation, after: EventId) -> StoreResult<Vec<LoggedEvent>> {
    match &over.layout {
        Some(layout) => to_the_end(state, over, layout, after).await,
        None => of_the_version_before(state, over, after).await,
    }
}

async fn to_the_end(
    state: &ApiState,
    over: &Generation,
    layout: &Layout,
    after: EventId,
) -> StoreResult<Vec<LoggedEvent>> {
    let last = layout.last_event_id();
    if after >= last {
        return Ok(Vec::new());
    }
    let logged = in_the_log(state, over, after, Duration::ZERO).await?;
    let unbroken = logged.first().is_some_and(|first| first.event_id == after + 1);
    if unbroken && logged.last().is_some_and(|end| end.event_id == last && end.event.is_final()) {
        return Ok(logged);
    }
    let answer = state.stores.conversations.message(over.conversation_id, over.answer_id).await?;
    if let Some(mut events) = layout.retell(over, answer.as_ref()) {
        events.retain(|event| event.event_id > after);
        return Ok(events);
    }
    // The answer was deleted, and its text with it: only that it ended can still be said.
    Ok(over.final_event().map(|event| LoggedEvent { event_id: last, event }).into_iter().collect())
}

/// Without a layout the log is all there is. When it is gone, the answer is told at once to who has nothing of it, and only
/// its end to others.
async fn of_the_version_before(state: &ApiState, over: &Generation, after: EventId) -> StoreResult<Vec<LoggedEvent>> {
    let whole = in_the_log(state, over, 0, Duration::ZERO).await?;
    let mut events = if whole.last().is_some_and(|last| last.event.is_final()) {
        whole
    } else {
        in_the_log(state, over, after, COMES_BACK).await?
    };
    let told = events.last().is_some_and(|last| last.event.is_final());
    events.retain(|event| event.event_id > after);
    if told || !events.is_empty() {
        return Ok(events);
    }
    let answer = state.stores.conversations.message(over.conversation_id, over.answer_id).await?;
    if after == 0
        && let Some(events) = answer.as_ref().and_then(|answer| Layout::at_once(answer).retell(over, Some(answer)))
    {
        return Ok(events);
    }
    let end = over.final_event().map(|event| LoggedEvent { event_id: after.saturating_add(1), event });
    Ok(end.into_iter().collect())
}

/// What the log has; nothing while Redis is away.
async fn in_the_log(
    state: &ApiState,
    over: &Generation,
    after: EventId,
    wait: Duration,
) -> StoreResult<Vec<LoggedEvent>> {
    match state.stores.generation_log.read(over.id, after, wait).await {
        Err(StoreError::Redis(_)) => Ok(Vec::new()),
        read => read,
    }
}
