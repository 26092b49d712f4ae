//! Tells the others who is typing, until they stop or some seconds have passed.

use std::time::Duration;

use collabry_shared::ids::ConversationId;
use collabry_shared::realtime::{Event, Room};
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::call::Call;
use super::typists::Typist;
use crate::conversations::ConversationAccess;
use crate::http::ApiResult;
use crate::realtime::adapter::SocketRef;
use crate::realtime::context::Realtime;
use crate::realtime::socket::SocketUser;

/// A client whose user types on sends so again within this time.
const LASTS: Duration = Duration::from_secs(6);
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::realtime) struct Target {
    conversation_id: ConversationId,
}

pub(in crate::realtime) async fn start(call: Call<Target>) -> ApiResult<()> {
    let conversation_id = call.payload.conversation_id;
    ConversationAccess::prove(&call.realtime.api, call.user.id(), conversation_id).await?;
    let typist = Typist { user: call.user.clone(), until: Instant::now() + LASTS };
    let before = call.realtime.typing.lock().insert((call.socket.id, conversation_id), typist);
    if before.is_none() {
        let name = call.user.user.0.name.to_string();
        let event = Event::UserTyping { conversation_id, user_id: call.user.id(), name };
        call.realtime.api.coordination.fan_out.emit(Room::Conversation(conversation_id), event).await;
    }
    Ok(())
}

pub(in crate::realtime) async fn stop(call: Call<Target>) -> ApiResult<()> {
    let key = (call.socket.id, call.payload.conversation_id);
    let stopped = call.realtime.typing.take(|typing, _| *typing == key);
    announce(&call.realtime, stopped).await;
    Ok(())
}

/// A socket is gone, and with it its typing.
pub(in crate::realtime) async fn left(realtime: &Realtime, socket: &SocketRef) {
    let stopped = realtime.typing.take(|(sid, _), _| *sid == socket.id);
    announce(realtime, stopped).await;
}

pub(in crate::realtime) async fn expire(realtime: Realtime) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    loop {
        ticks.tick().await;
        let now = Instant::now();
        let stopped = realtime.typing.take(|_, typist| typist.until <= now);
        announce(&realtime, stopped).await;
    }
}

async fn announce(realtime: &Realtime, stopped: Vec<(ConversationId, SocketUser)>) {
    for (conversation_id, user) in stopped {
        let (user_id, name) = (user.id(), user.user.0.name.into());
        let event = Event::UserStoppedTyping { conversation_id, user_id, name };
        realtime.api.coordination.fan_out.emit(Room::Conversation(conversation_id), event).await;
    }
}
