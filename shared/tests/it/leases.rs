//! Leases, within a process and over Redis.

use std::sync::Arc;
use std::time::Duration;

use collabry_shared::clock::ManualClock;
use collabry_shared::ids::OwnerId;
use collabry_shared::leases::{Fence, Leases, LocalLeases, RedisLeases};
use jiff::SignedDuration;
use redis_server::RedisServer;

use crate::fixtures::at;
use crate::redis::{eventually, open};

const LONG: Duration = Duration::from_mins(1);
const SHORT: Duration = Duration::from_millis(50);

struct Backend {
    leases: Arc<dyn Leases>,
    clock: ManualClock,
    _server: Option<RedisServer>,
}

impl Backend {
    fn local() -> Self {
        let clock = ManualClock::at(at(0));
        Self { leases: Arc::new(LocalLeases::new(Arc::new(clock.clone()))), clock, _server: None }
    }

    async fn redis() -> Self {
        let server = RedisServer::start();
        let leases = Arc::new(RedisLeases::new(open(&server.url()).await));
        Self { leases, clock: ManualClock::at(at(0)), _server: Some(server) }
    }

    async fn acquire(&self, name: &str, ttl: Duration) -> Option<Fence> {
        self.leases.acquire(name, OwnerId::new(), ttl).await.unwrap()
    }

    /// Takes a lease as soon as the one before has run out.
    async fn acquire_next(&self, name: &str) -> Fence {
        self.clock.advance(SignedDuration::try_from(SHORT * 2).unwrap());
        eventually("the lease runs out", async || self.acquire(name, LONG).await).await
    }
}

macro_rules! contract {
    ($($test:ident),+ $(,)?) => {
        mod local {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::Backend::local()).await;
            })+
        }
        mod redis {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::Backend::redis().await).await;
            })+
        }
    };
}

contract!(
    a_lease_is_held_by_one,
    a_lease_runs_out_and_its_holder_learns_it,
    a_lease_that_is_renewed_lasts,
    of_many_who_try_one_gets_it,
    tokens_grow,
);

async fn a_lease_is_held_by_one(backend: Backend) {
    let fence = backend.acquire("purge", LONG).await.unwrap();
    assert_eq!(backend.acquire("purge", LONG).await, None);
    assert!(backend.acquire("rollup", LONG).await.is_some(), "another lease");
    assert!(!backend.leases.release("purge", Fence(fence.0 - 1)).await.unwrap());
    assert!(backend.leases.release("purge", fence).await.unwrap());
    assert!(!backend.leases.release("purge", fence).await.unwrap());
    assert!(backend.acquire("purge", LONG).await.unwrap() > fence);
}

async fn a_lease_runs_out_and_its_holder_learns_it(backend: Backend) {
    let fence = backend.acquire("purge", SHORT).await.unwrap();
    let next = backend.acquire_next("purge").await;
    assert!(next > fence);
    assert!(!backend.leases.renew("purge", fence, LONG).await.unwrap(), "it is another's");
    assert!(!backend.leases.release("purge", fence).await.unwrap(), "it is another's");
    assert!(backend.leases.renew("purge", next, LONG).await.unwrap());
}

async fn a_lease_that_is_renewed_lasts(backend: Backend) {
    let fence = backend.acquire("purge", LONG).await.unwrap();
    assert!(backend.leases.renew("purge", fence, SHORT).await.unwrap(), "from now, be it shorter");
    backend.acquire_next("purge").await;
    assert!(!backend.leases.renew("never", fence, LONG).await.unwrap());
}

async fn of_many_who_try_one_gets_it(backend: Backend) {
    let tries = (0..50).map(|_| backend.acquire("purge", LONG));
    let got = futures::future::join_all(tries).await;
    assert_eq!(got.iter().flatten().count(), 1);
}

async fn tokens_grow(backend: Backend) {
    let mut last = Fence(0);
    for _ in 0..100 {
        let fence = backend.acquire("purge", LONG).await.unwrap();
        assert!(fence > last);
        last = fence;
        assert!(backend.leases.release("purge", fence).await.unwrap());
    }
}

#[tokio::test]
async fn tokens_grow_over_a_redis_that_forgot() {
    let mut server = RedisServer::start();
    let redis = open(&server.url()).await;
    let leases = RedisLeases::new(redis.clone());
    let before = leases.acquire("purge", OwnerId::new(), LONG).await.unwrap().unwrap();
    server.kill();
    server.start_again();
    let after = eventually("Redis is back", async || leases.acquire("purge", OwnerId::new(), LONG).await.ok()).await;
    assert!(after.unwrap() > before);
}
