//! The people who are typing, as this replica knows them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use collabry_shared::ids::ConversationId;
use socketioxide::socket::Sid;
use tokio::time::Instant;

use crate::realtime::socket::SocketUser;

/// Those who type now, on this replica.
#[derive(Debug, Clone, Default)]
pub(in crate::realtime) struct Typing(Arc<Mutex<HashMap<(Sid, ConversationId), Typist>>>);

#[derive(Debug, Clone)]
pub(in crate::realtime) struct Typist {
    pub user: SocketUser,
    pub until: Instant,
}

impl Typing {
    pub fn lock(&self) -> MutexGuard<'_, HashMap<(Sid, ConversationId), Typist>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes out those of whom `over` is true.
    pub fn take(&self, over: impl Fn(&(Sid, ConversationId), &Typist) -> bool) -> Vec<(ConversationId, SocketUser)> {
        let taken = self.lock().extract_if(|key, typist| over(key, typist)).collect::<Vec<_>>();
        taken.into_iter().map(|((_, conversation), typist)| (conversation, typist.user)).collect()
    }
}
