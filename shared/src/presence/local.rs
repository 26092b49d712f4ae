//! Presence within one process.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::Presence;
use crate::ids::UserId;

#[derive(Debug, Default)]
pub struct LocalPresence(Mutex<HashMap<UserId, HashSet<String>>>);

impl LocalPresence {
    /// Everyone's sockets.
    pub(super) fn all(&self) -> Vec<(UserId, Vec<String>)> {
        self.sockets().iter().map(|(user, sockets)| (*user, sockets.iter().cloned().collect())).collect()
    }

    fn sockets(&self) -> MutexGuard<'_, HashMap<UserId, HashSet<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Presence for LocalPresence {
    async fn enter(&self, user: UserId, socket: &str) -> bool {
        let mut sockets = self.sockets();
        let of_user = sockets.entry(user).or_default();
        of_user.insert(socket.to_owned()) && of_user.len() == 1
    }

    async fn leave(&self, user: UserId, socket: &str) -> bool {
        let mut sockets = self.sockets();
        let Some(of_user) = sockets.get_mut(&user) else { return false };
        let last = of_user.remove(socket) && of_user.is_empty();
        if last {
            sockets.remove(&user);
        }
        last
    }

    async fn online(&self, users: &[UserId]) -> Vec<UserId> {
        let sockets = self.sockets();
        users.iter().copied().filter(|user| sockets.contains_key(user)).collect()
    }

    /// There is no other replica that could die.
    async fn missed_changes(&self) -> Vec<UserId> {
        std::future::pending().await
    }
}
