//! Who is connected, told to the members of their notebooks.

use collabry_shared::ids::{NotebookId, UserId};
use collabry_shared::realtime::{Event, Room};

use super::SocketRef;
use crate::http::ApiResult;
use crate::state::ApiState;

pub(super) async fn entered(api: &ApiState, socket: &SocketRef, user: UserId) {
    if api.presence.enter(user, socket.id.as_str()).await {
        announce(api, user).await;
    }
}

pub(super) async fn left(api: &ApiState, socket: &SocketRef, user: UserId) {
    if api.presence.leave(user, socket.id.as_str()).await {
        announce(api, user).await;
    }
}

/// The members of a notebook who are connected.
pub(super) async fn online(api: &ApiState, notebook: NotebookId) -> ApiResult<Vec<UserId>> {
    let members = api.stores.notebooks.members(notebook).await?;
    let users: Vec<_> = members.iter().map(|member| member.user.id).collect();
    Ok(api.presence.online(&users).await)
}

/// Announces those who came or went without a word. Runs until it is dropped.
pub(super) async fn announce_noticed(api: ApiState) {
    loop {
        for user in api.presence.noticed().await {
            announce(&api, user).await;
        }
    }
}

async fn announce(api: &ApiState, user: UserId) {
    let notebooks = match api.stores.notebooks.list_for(user).await {
        Ok(notebooks) => notebooks,
        Err(error) => return tracing::warn!(%error, "presence not announced"),
    };
    for (notebook, _) in notebooks {
        update(api, notebook.id).await;
    }
}

/// Tells the members of a notebook who is there.
pub(super) async fn update(api: &ApiState, notebook_id: NotebookId) {
    match online(api, notebook_id).await {
        Ok(user_ids) => {
            let event = Event::PresenceUpdate { notebook_id, user_ids };
            api.fan_out.emit(Room::Notebook(notebook_id), event).await;
        }
        Err(error) => tracing::warn!(notebook = %notebook_id, code = error.code, "presence not announced"),
    }
}
