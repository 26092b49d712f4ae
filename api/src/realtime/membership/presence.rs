//! Who is connected, told to the members of their notebooks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use collabry_shared::ids::{NotebookId, UserId};
use collabry_shared::realtime::{Event, Room};
use tokio::time::{Instant, MissedTickBehavior};

use crate::http::ApiResult;
use crate::realtime::Realtime;
use crate::realtime::adapter::SocketRef;
use crate::state::ApiState;

/// Who comes and goes within this time is announced together.
const GATHERED: Duration = Duration::from_millis(250);
/// And longer where more people hear of it: a class that comes at once is a few announcements, not one for each of them.
const FOR_EACH: Duration = Duration::from_millis(5);
const AT_MOST: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Notebooks whose members are to be told who is there, each once however many came and went.
#[derive(Debug, Clone, Default)]
pub(in crate::realtime) struct Announcements(Arc<Mutex<HashMap<NotebookId, Due>>>);

#[derive(Debug, Clone, Copy)]
struct Due {
    at: Instant,
    /// How many came or went since it became due.
    changes: u32,
}

impl Announcements {
    /// Somebody came or went.
    pub fn changed(&self, notebook: NotebookId) {
        self.changed_at(notebook, Instant::now());
    }

    fn changed_at(&self, notebook: NotebookId, now: Instant) {
        let mut waiting = self.lock();
        let due = waiting.entry(notebook).or_insert(Due { at: now + GATHERED, changes: 0 });
        due.changes = due.changes.saturating_add(1);
        // Put off with each who comes, and never beyond what the first of them bears.
        if FOR_EACH.saturating_mul(due.changes) < AT_MOST {
            due.at += FOR_EACH;
        }
    }

    fn take_due(&self, now: Instant) -> Vec<NotebookId> {
        self.lock().extract_if(|_, due| due.at <= now).map(|(notebook, _)| notebook).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<NotebookId, Due>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(in crate::realtime) async fn entered(realtime: &Realtime, socket: &SocketRef, user: UserId) {
    if realtime.api.presence.enter(user, socket.id.as_str()).await {
        announce_in_rooms(realtime, socket);
    }
}

pub(in crate::realtime) async fn left(realtime: &Realtime, socket: &SocketRef, user: UserId) {
    if realtime.api.presence.leave(user, socket.id.as_str()).await {
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
    Ok(api.presence.online(&members).await)
}

/// Announces those who came or went without a word. Runs until it is dropped.
pub(in crate::realtime) async fn announce_noticed(realtime: Realtime) {
    loop {
        for user in realtime.api.presence.missed_changes().await {
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
            api.fan_out.emit(Room::Notebook(notebook_id), event).await;
        }
        Err(error) => tracing::warn!(notebook = %notebook_id, code = error.code, "presence not announced"),
    }
}

#[cfg(test)]
mod tests {
    use collabry_shared::ids::NotebookId;
    use tokio::time::Instant;

    use super::{AT_MOST, Announcements, FOR_EACH, GATHERED};

    #[test]
    fn those_who_come_together_are_announced_together() {
        let (announcements, notebook, other) = (Announcements::default(), NotebookId::new(), NotebookId::new());
        let begun = Instant::now();
        for _ in 0..200 {
            announcements.changed_at(notebook, begun);
        }
        announcements.changed_at(other, begun);
        assert!(announcements.take_due(begun).is_empty());
        assert_eq!(announcements.take_due(begun + GATHERED + FOR_EACH), [other]);
        let later = begun + GATHERED + FOR_EACH * 200;
        assert_eq!(announcements.take_due(later), [notebook]);
        assert!(announcements.take_due(later + AT_MOST).is_empty(), "once");
    }

    #[test]
    fn a_stream_of_people_does_not_put_it_off_for_ever() {
        let (announcements, notebook, begun) = (Announcements::default(), NotebookId::new(), Instant::now());
        let told = (0..10_000).filter(|n| {
            let now = begun + FOR_EACH / 5 * *n;
            announcements.changed_at(notebook, now);
            !announcements.take_due(now).is_empty()
        });
        let (told, over) = (told.count(), FOR_EACH / 5 * 10_000);
        let least = over.as_millis() / (AT_MOST + GATHERED + FOR_EACH).as_millis();
        assert!(told as u128 >= least && told < 100, "{told}, at least {least}");
    }
}
