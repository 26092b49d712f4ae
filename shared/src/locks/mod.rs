//! Locks across all replicas: nobody else can count while a request counts items and adds one.
//!
//! A process queues its own requests, so that only the first of a queue asks the database. A lock is released when its guard
//! is dropped; the lock of a process that died expires after [`LEASE`].

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

/// How long a lock lasts: longer than it takes to count and to add, even when the database is slow.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How long a request waits for a lock before it is told to try again.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The delay between two attempts on a lock that another process holds, in milliseconds.
const RETRY_DELAY_MS: std::ops::Range<u64> = 3..15;
/// More than the connections of one process. Two locks that share a queue wait for each other now and then.
const QUEUES: usize = 256;

/// What is counted and added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Notebooks that a user owns.
    Notebooks(UserId),
    Members(NotebookId),
    Invitations(NotebookId),
    /// Conversations of a user in a notebook.
    Conversations(NotebookId, UserId),
    /// Sources that a user added, and the bytes of their versions.
    Sources(UserId),
    /// Answers to a question.
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

/// Locks in a database that several processes use.
#[async_trait]
pub(crate) trait LockRepo: Send + Sync {
    /// Acquires a lock that nobody holds at `now`; returns `false` when somebody does.
    async fn try_acquire(&self, lock: Lock, holder: OwnerId, now: Timestamp, until: Timestamp) -> StoreResult<bool>;
    /// Releases the lock if `holder` holds it.
    async fn release(&self, lock: Lock, holder: OwnerId) -> StoreResult<()>;
}

/// The locks of an installation.
#[derive(Clone)]
pub struct Locks {
    queues: Arc<LocalQueues>,
    /// `None` when no other process uses the database.
    shared: Option<Arc<dyn LockRepo>>,
}

struct LocalQueues {
    mutexes: Vec<Arc<Mutex<()>>>,
    hasher: RandomState,
}

impl Locks {
    /// Locks within the only process.
    pub(crate) fn in_process() -> Self {
        let mutexes = std::iter::repeat_with(Arc::default).take(QUEUES).collect();
        Self { queues: Arc::new(LocalQueues { mutexes, hasher: RandomState::new() }), shared: None }
    }

    /// Locks shared by all processes that use the database.
    pub(crate) fn shared(repo: Arc<dyn LockRepo>) -> Self {
        Self { shared: Some(repo), ..Self::in_process() }
    }

    /// Acquires a lock and holds it until the guard is dropped. A holder must not acquire another lock: two could deadlock.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when others hold the lock for too long.
    pub async fn acquire(&self, lock: Lock, clock: &dyn Clock) -> StoreResult<LockGuard> {
        let held = timeout(TIMEOUT, self.wait(lock, clock)).await;
        held.unwrap_or_else(|_| Err(StoreError::Unavailable("too many requests wait for the same lock".to_owned())))
    }

    async fn wait(&self, lock: Lock, clock: &dyn Clock) -> StoreResult<LockGuard> {
        let queue = self.queues.hasher.hash_one(lock.to_string()) % QUEUES as u64;
        let queue = &self.queues.mutexes[usize::try_from(queue).unwrap_or_default()];
        let held = LockGuard { queue: Some(Arc::clone(queue).lock_owned().await), lock, shared: None };
        let Some(repo) = &self.shared else { return Ok(held) };
        let holder = OwnerId::new();
        // Before the lock is acquired: if this future is dropped in between, the guard releases the lock.
        let held = held.of(Arc::clone(repo), holder);
        loop {
            let now = clock.now();
            if repo.try_acquire(lock, holder, now, now + LEASE).await? {
                return Ok(held);
            }
            let pause = Duration::from_millis(rand::random_range(RETRY_DELAY_MS));
            sleep(pause).await;
        }
    }
}

impl fmt::Debug for Locks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locks").finish_non_exhaustive()
    }
}

/// A held lock. Dropping the guard releases it.
#[must_use = "dropping the guard releases the lock"]
pub struct LockGuard {
    queue: Option<OwnedMutexGuard<()>>,
    lock: Lock,
    shared: Option<(Arc<dyn LockRepo>, OwnerId)>,
}

impl LockGuard {
    fn of(mut self, repo: Arc<dyn LockRepo>, holder: OwnerId) -> Self {
        self.shared = Some((repo, holder));
        self
    }
}

impl fmt::Debug for LockGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockGuard").field("lock", &self.lock).finish_non_exhaustive()
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        let (Some((repo, holder)), Ok(runtime)) = (self.shared.take(), Handle::try_current()) else { return };
        let (queue, lock) = (self.queue.take(), self.lock);
        runtime.spawn(async move {
            if let Err(error) = repo.release(lock, holder).await {
                tracing::warn!(%lock, %error, "cannot release a lock; it is held until it expires");
            }
            // Only now: the next request of this process would otherwise find the lock held.
            drop(queue);
        });
    }
}
