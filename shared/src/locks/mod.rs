//! Locks: whoever counts before they add one more is alone with the count until it is stored, on all replicas.
//!
//! A process queues its own requests, so that the first of its queue alone asks the database. A lock ends with its holder,
//! and that of a process that died after [`LEASE`].

mod mongo;

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{sleep, timeout};

use crate::clock::Clock;
use crate::ids::{MessageId, NotebookId, OwnerId, UserId};
use crate::storage::{StoreError, StoreResult};

/// Longer than it takes to count and to add, also where the database is slow.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// Who waits longer is told to try again.
const PATIENCE: Duration = Duration::from_secs(20);
/// Milliseconds between two looks at a lock that another process holds.
const LOOKS_AGAIN: std::ops::Range<u64> = 3..15;
/// More than the connections of one process; of two locks that share one, each waits for the other now and then.
const LANES: usize = 256;

/// What is counted, and added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// That somebody owns.
    Notebooks(UserId),
    Members(NotebookId),
    Invitations(NotebookId),
    /// Of one person in a notebook.
    Conversations(NotebookId, UserId),
    /// That somebody added, and the bytes of their versions.
    Sources(UserId),
    /// To a question.
    Answers(MessageId),
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Notebooks(user) => write!(f, "notebooks {user}"),
            Self::Members(notebook) => write!(f, "members {notebook}"),
            Self::Invitations(notebook) => write!(f, "invitations {notebook}"),
            Self::Conversations(notebook, user) => write!(f, "conversations {notebook} {user}"),
            Self::Sources(user) => write!(f, "sources {user}"),
            Self::Answers(question) => write!(f, "answers {question}"),
        }
    }
}

/// Locks of a database that several processes use.
#[async_trait]
pub(crate) trait LockRepo: Send + Sync {
    /// Takes a lock that nobody holds at `now`; `false`: somebody does.
    async fn take(&self, lock: Lock, holder: OwnerId, now: Timestamp, until: Timestamp) -> StoreResult<bool>;
    /// Gives it back, if `holder` has it.
    async fn give_back(&self, lock: Lock, holder: OwnerId) -> StoreResult<()>;
}

/// The locks of an installation.
#[derive(Clone)]
pub struct Locks {
    lanes: Arc<Lanes>,
    /// `None`: no other process uses the database.
    shared: Option<Arc<dyn LockRepo>>,
}

struct Lanes {
    mutexes: Vec<Arc<Mutex<()>>>,
    hasher: RandomState,
}

impl Locks {
    /// Of the only process.
    pub(crate) fn of_this_process() -> Self {
        let mutexes = std::iter::repeat_with(Arc::default).take(LANES).collect();
        Self { lanes: Arc::new(Lanes { mutexes, hasher: RandomState::new() }), shared: None }
    }

    /// Of all processes that use the database.
    pub(crate) fn shared(repo: Arc<dyn LockRepo>) -> Self {
        Self { shared: Some(repo), ..Self::of_this_process() }
    }

    /// Holds a lock until what is returned is dropped. Who holds one takes no other: two could wait for each other.
    /// [`StoreError::Unavailable`] when others hold it for too long.
    pub async fn hold(&self, lock: Lock, clock: &dyn Clock) -> StoreResult<Held> {
        let held = timeout(PATIENCE, self.wait(lock, clock)).await;
        held.unwrap_or_else(|_| Err(StoreError::Unavailable("too many wait to add one more of the same".to_owned())))
    }

    async fn wait(&self, lock: Lock, clock: &dyn Clock) -> StoreResult<Held> {
        let lane = self.lanes.hasher.hash_one(lock.to_string()) % LANES as u64;
        let lane = &self.lanes.mutexes[usize::try_from(lane).unwrap_or_default()];
        let held = Held { lane: Some(Arc::clone(lane).lock_owned().await), lock, shared: None };
        let Some(repo) = &self.shared else { return Ok(held) };
        let holder = OwnerId::new();
        // Before it is taken: who gives up in between gives it back.
        let held = held.of(Arc::clone(repo), holder);
        loop {
            let now = clock.now();
            if repo.take(lock, holder, now, now + LEASE).await? {
                return Ok(held);
            }
            let pause = Duration::from_millis(rand::random_range(LOOKS_AGAIN));
            sleep(pause).await;
        }
    }
}

impl fmt::Debug for Locks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locks").finish_non_exhaustive()
    }
}

/// A lock that is held. Dropping it gives it back.
#[must_use = "dropping it gives the lock back"]
pub struct Held {
    lane: Option<OwnedMutexGuard<()>>,
    lock: Lock,
    shared: Option<(Arc<dyn LockRepo>, OwnerId)>,
}

impl Held {
    fn of(mut self, repo: Arc<dyn LockRepo>, holder: OwnerId) -> Self {
        self.shared = Some((repo, holder));
        self
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("lock", &self.lock).finish_non_exhaustive()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (Some((repo, holder)), Ok(runtime)) = (self.shared.take(), Handle::try_current()) else { return };
        let (lane, lock) = (self.lane.take(), self.lock);
        runtime.spawn(async move {
            if let Err(error) = repo.give_back(lock, holder).await {
                tracing::warn!(%lock, %error, "a lock is held until it runs out");
            }
            // Not before: the next of this process would find it taken.
            drop(lane);
        });
    }
}
