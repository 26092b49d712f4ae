//! Locks that processes share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use collabry_shared::ids::UserId;
use collabry_shared::locks::{LEASE, Lock};
use futures::future::join_all;
use tokio::time::timeout;

use crate::backend::{Backend, contract};

/// A lock that is held is not given, however long one waits.
const A_WHILE: Duration = Duration::from_millis(200);

contract![one_of_a_process_holds_a_lock, a_lock_that_is_given_back_is_free];

async fn one_of_a_process_holds_a_lock(backend: Backend) {
    alone(&backend, 1).await;
}

async fn a_lock_that_is_given_back_is_free(backend: Backend) {
    let (locks, lock) = (&backend.stores.locks, Lock::Notebooks(UserId::new()));
    for _ in 0..3 {
        let held = locks.acquire(lock, &backend.clock).await.unwrap();
        assert!(timeout(A_WHILE, locks.acquire(lock, &backend.clock)).await.is_err());
        drop(held);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_all_processes_holds_a_lock() {
    let backend = Backend::mongo().await;
    let cleanup = backend.cleanup();
    alone(&backend, 3).await;
    cleanup.await;
}

/// Many in so many processes hold the same lock, one after the other.
async fn alone(backend: &Backend, processes: usize) {
    let (lock, inside) = (Lock::Notebooks(UserId::new()), Arc::<AtomicUsize>::default());
    let processes = backend.processes(processes).await;
    let each = (0..24).map(|n| {
        let (locks, clock) = (processes[n % processes.len()].locks.clone(), backend.clock.clone());
        let inside = Arc::clone(&inside);
        tokio::spawn(async move {
            let _held = locks.acquire(lock, &clock).await.unwrap();
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            inside.fetch_sub(1, Ordering::SeqCst);
        })
    });
    for done in join_all(each).await {
        done.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_lock_of_a_process_that_died_runs_out() {
    let backend = Backend::mongo().await;
    let cleanup = backend.cleanup();
    let [dies, lives] = backend.processes(2).await.try_into().unwrap();
    let lock = Lock::Notebooks(UserId::new());
    std::mem::forget(dies.locks.acquire(lock, &backend.clock).await.unwrap());
    assert!(timeout(A_WHILE, lives.locks.acquire(lock, &backend.clock)).await.is_err());
    backend.clock.advance(LEASE);
    drop(lives.locks.acquire(lock, &backend.clock).await.unwrap());
    cleanup.await;
}
