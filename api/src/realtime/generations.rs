//! Resuming and stopping answers over a socket.

use collabry_shared::generations::{EventId, LoggedEvent};
use collabry_shared::ids::GenerationId;
use serde::{Deserialize, Serialize};

use super::SocketRef;
use super::dispatch::{Call, on};
use crate::generations::{GenerationAccess, view};
use crate::http::ApiResult;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resume {
    generation_id: GenerationId,
    last_event_id: EventId,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stop {
    generation_id: GenerationId,
}

#[derive(Debug, Serialize)]
struct Resumed {
    events: Vec<LoggedEvent>,
}

#[derive(Debug, Serialize)]
struct Stopped {
    stopped: bool,
}

pub(super) fn register(socket: &SocketRef) {
    on(socket, "generation:resume", resume);
    on(socket, "generation:stop", stop);
}

async fn resume(call: Call<Resume>) -> ApiResult<Resumed> {
    let api = &call.realtime.api;
    let GenerationAccess(generation) = GenerationAccess::prove(api, call.user.id(), call.payload.generation_id).await?;
    Ok(Resumed { events: view::so_far(api, generation.id, call.payload.last_event_id).await? })
}

async fn stop(call: Call<Stop>) -> ApiResult<Stopped> {
    let api = &call.realtime.api;
    let GenerationAccess(generation) = GenerationAccess::prove(api, call.user.id(), call.payload.generation_id).await?;
    Ok(Stopped { stopped: api.engine.stop_generation(generation.id).await? })
}
