//! Presence, within a process and over Redis.

use std::sync::Arc;

use collabry_shared::ids::{OwnerId, UserId};
use collabry_shared::presence::{LocalPresence, Presence, RedisPresence};
use redis_server::RedisServer;

use crate::redis::{PATIENCE, eventually, open};

/// Two replicas, which embedded are one.
struct Backend {
    here: Arc<dyn Presence>,
    there: Arc<dyn Presence>,
    _server: Option<RedisServer>,
}

impl Backend {
    fn local() -> Self {
        let presence: Arc<dyn Presence> = Arc::new(LocalPresence::default());
        Self { here: Arc::clone(&presence), there: presence, _server: None }
    }

    async fn redis() -> Self {
        let server = RedisServer::start();
        let (here, there) = (replica(&server).await, replica(&server).await);
        Self { here: Arc::new(here), there: Arc::new(there), _server: Some(server) }
    }
}

async fn replica(server: &RedisServer) -> RedisPresence {
    RedisPresence::new(open(&server.url()).await, OwnerId::new())
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

contract!(a_user_is_online_until_the_last_socket_leaves, of_many_sockets_one_is_first_and_one_last);

async fn a_user_is_online_until_the_last_socket_leaves(Backend { here, there, _server }: Backend) {
    let (ada, bob) = (UserId::new(), UserId::new());
    assert!(here.enter(ada, "1").await);
    assert!(!there.enter(ada, "2").await, "another tab, be it on another replica");
    assert!(!here.leave(ada, "1").await);
    for presence in [&here, &there] {
        assert_eq!(presence.online(&[bob, ada]).await, [ada]);
    }
    assert!(there.leave(ada, "2").await);
    assert!(!there.leave(ada, "2").await, "gone already");
    for presence in [&here, &there] {
        assert!(presence.online(&[ada, bob]).await.is_empty());
    }
}

async fn of_many_sockets_one_is_first_and_one_last(Backend { here, there, _server }: Backend) {
    let ada = UserId::new();
    let sockets: Vec<_> = (0..40).map(|n| (if n % 2 == 0 { &here } else { &there }, n.to_string())).collect();
    let entered = sockets.iter().map(|(presence, socket)| presence.enter(ada, socket));
    assert_eq!(futures::future::join_all(entered).await.into_iter().filter(|first| *first).count(), 1);
    let left = sockets.iter().map(|(presence, socket)| presence.leave(ada, socket));
    assert_eq!(futures::future::join_all(left).await.into_iter().filter(|last| *last).count(), 1);
}

#[tokio::test]
async fn a_replica_that_dies_leaves_no_ghosts_and_another_says_so() {
    let server = RedisServer::start();
    let (here, there) = (replica(&server).await, replica(&server).await);
    let (ada, bob) = (UserId::new(), UserId::new());
    assert!(here.enter(ada, "1").await);
    assert!(here.enter(bob, "2").await);
    assert!(!there.enter(bob, "3").await);
    // Without a word: nothing is left, nothing is renewed any more.
    drop(here);
    let gone = tokio::time::timeout(PATIENCE, there.missed_changes()).await.unwrap();
    assert_eq!(gone, [ada], "Bob has another tab on another replica");
    assert_eq!(there.online(&[ada, bob]).await, [bob]);
}

#[tokio::test]
async fn who_is_here_is_known_while_redis_is_away_and_said_again_when_it_is_back() {
    let mut server = RedisServer::start();
    let (here, there) = (replica(&server).await, replica(&server).await);
    let (ada, bob) = (UserId::new(), UserId::new());
    assert!(here.enter(ada, "1").await);
    server.kill();
    assert!(here.enter(bob, "2").await);
    assert_eq!(here.online(&[ada, bob]).await, [ada, bob]);
    server.start_again();
    eventually("both are known there", async || (there.online(&[ada, bob]).await == [ada, bob]).then_some(())).await;
    let mut noticed = tokio::time::timeout(PATIENCE, here.missed_changes()).await.unwrap();
    noticed.sort_unstable();
    assert_eq!(noticed, [ada, bob]);
}
