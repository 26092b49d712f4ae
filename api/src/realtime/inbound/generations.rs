//! Resuming and stopping answers over a socket.

use collabry_shared::generations::{EventId, GenerationEvent, LoggedEvent};
use collabry_shared::ids::GenerationId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::Call;
use crate::generations::{GenerationAccess, view};
use crate::http::ApiResult;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::realtime) struct Resume {
    generation_id: GenerationId,
    #[schema(value_type = u64)]
    last_event_id: EventId,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::realtime) struct Stop {
    generation_id: GenerationId,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::realtime) struct Resumed {
    events: Vec<LoggedEvent>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::realtime) struct Stopped {
    stopped: bool,
}

pub(in crate::realtime) async fn resume(call: Call<Resume>) -> ApiResult<Resumed> {
    let api = &call.realtime.api;
    let GenerationAccess(generation) = GenerationAccess::prove(api, call.user.id(), call.payload.generation_id).await?;
    let reading = api.reads.begin(call.user.id()).await?;
    let after = call.payload.last_event_id;
    view::check_given_out(api, &generation, after).await?;
    let events = view::so_far(api, &generation, after).await?;
    reading.may_send(events.iter().map(bytes).sum()).await;
    Ok(Resumed { events })
}

/// About what an event is as text.
fn bytes(logged: &LoggedEvent) -> usize {
    const REST: usize = 256;
    let text = match &logged.event {
        GenerationEvent::Delta { text, .. } => text.len(),
        GenerationEvent::Citations { citations } => citations.iter().map(|one| REST + one.text.len()).sum(),
        _ => 0,
    };
    REST + text
}

pub(in crate::realtime) async fn stop(call: Call<Stop>) -> ApiResult<Stopped> {
    let api = &call.realtime.api;
    let GenerationAccess(generation) = GenerationAccess::prove(api, call.user.id(), call.payload.generation_id).await?;
    Ok(Stopped { stopped: api.engine.stop_generation(generation.id).await? })
}
