//! Tells the members of notebooks who is connected.

use std::time::Duration;

use collabry_shared::ids::{NotebookId, UserId};
use collabry_shared::realtime::{Event, Room};
use tokio::time::{Instant, MissedTickBehavior};

use crate::http::ApiResult;
use crate::realtime::adapter::SocketRef;
use crate::realtime::context::Realtime;
use crate::state::ApiState;

const LOOK_EVERY: Duration = Duration::from_millis(50);

pub(in crate::realtime) async fn entered(realtime: &Realtime, socket: &SocketRef, user: UserId) {
    if realtime.api.coordination.presence.enter(user, socket.id.as_str()).await {
        announce_in_rooms(realtime, socket);
    }
}

pub(in crate::realtime) async fn left(realtime: &Realtime, socket: &SocketRef, user: UserId) {
    if realtime.api.coordination.presence.leave(user, socket.id.as_str()).await {
        announce_in_rooms(realtime, socket);
    }
}

/// The notebooks of a socket are its rooms: nothing has to be read.
fn announce_in_rooms(realtime: &Realtime, socket: &SocketRef) {
    for room in socket.rooms() {
        if let Ok(Room::Notebook(notebook)) = room.parse() {
            realtime.announcements.changed(notebook);
        }
    }
}

/// The members of a notebook who are connected.
pub(in crate::realtime) async fn online(api: &ApiState, notebook: NotebookId) -> ApiResult<Vec<UserId>> {
    let members = api.stores.members.member_ids(notebook).await?;
    Ok(api.coordination.presence.online(&members).await)
}

/// Announces those who came or went without connecting or disconnecting here. Runs until it is dropped.
pub(in crate::realtime) async fn announce_noticed(realtime: Realtime) {
    loop {
        for user in realtime.api.coordination.presence.missed_changes().await {
            match realtime.api.stores.notebooks.list_for(user).await {
                Ok(notebooks) => notebooks.iter().for_each(|(notebook, _)| realtime.announcements.changed(notebook.id)),
                Err(error) => tracing::warn!(%error, "presence not announced"),
            }
        }
    }
}

/// Tells the members of notebooks who is there, wherever that changed. Runs until it is dropped.
pub(in crate::realtime) async fn announce(realtime: Realtime) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        for notebook in realtime.announcements.take_due(Instant::now()) {
            update(&realtime.api, notebook).await;
        }
    }
}

async fn update(api: &ApiState, notebook_id: NotebookId) {
    match online(api, notebook_id).await {
        Ok(user_ids) => {
            let event = Event::PresenceUpdate { notebook_id, user_ids };
            api.coordination.fan_out.emit(Room::Notebook(notebook_id), event).await;
        }
        Err(error) => tracing::warn!(notebook = %notebook_id, code = error.code.name(), "announcing presence failed"),
    }
}
