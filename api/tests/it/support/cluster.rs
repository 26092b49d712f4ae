//! Several api replicas and an ai-engine, each with its own connection to one real Redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use collabry_shared::config::Config;
use collabry_shared::conversations::Message;
use collabry_shared::coordination::Sockets;
use collabry_shared::realtime::{Event, FanOut, Room, Signal};
use redis_server::RedisServer;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::app::{Ground, Wiring};
use super::{TestApp, User};

pub struct Cluster {
    pub redis: RedisServer,
    pub replicas: Vec<TestApp>,
    /// The voice of the ai-engine's process.
    pub fan_out: Arc<dyn FanOut>,
    /// Whether what the ai-engine signals is lost on its way.
    pub signals_lost: Arc<AtomicBool>,
    _engine: DropGuard,
}

/// Loses signals when it is told to.
struct Lossy {
    way: Arc<dyn FanOut>,
    signals_lost: Arc<AtomicBool>,
}

#[async_trait]
impl FanOut for Lossy {
    async fn changed(&self, message: Arc<Message>) {
        self.way.changed(message).await;
    }

    async fn emit(&self, room: Room, event: Event) {
        self.way.emit(room, event).await;
    }

    async fn signal(&self, signal: Signal) {
        if !self.signals_lost.load(Ordering::Relaxed) {
            self.way.signal(signal).await;
        }
    }
}

impl Cluster {
    pub async fn start(replicas: usize, change: impl FnOnce(&mut Config)) -> Self {
        let redis = RedisServer::start();
        let mut ground = Ground::lay(change).await;
        let url = redis.url();
        let set = |name: &str| (name == "REDIS_URL").then(|| url.clone());
        ground.config.redis = Config::from_lookup(set).unwrap().redis;
        let (coordination, stores) = ground.process(Sockets::Elsewhere).await;
        let fan_out = Arc::clone(&coordination.fan_out);
        let signals_lost = Arc::<AtomicBool>::default();
        let lossy = Lossy { way: Arc::clone(&fan_out), signals_lost: Arc::clone(&signals_lost) };
        let engine = ground.engine(stores, Arc::new(lossy));
        let shutdown = CancellationToken::new();
        tokio::spawn({
            let (engine, shutdown) = (Arc::clone(&engine), shutdown.clone());
            async move { engine.run(shutdown).await.unwrap() }
        });
        let mut running = Vec::new();
        for _ in 0..replicas {
            let (coordination, stores) = ground.process(Sockets::Here).await;
            let wiring = Wiring { stores, engine: Arc::clone(&engine), coordination };
            running.push(TestApp::serve(&ground, wiring).await);
        }
        Self { redis, replicas: running, fan_out, signals_lost, _engine: shutdown.drop_guard() }
    }

    /// The same person, as another replica serves them.
    pub fn on<'a>(&'a self, replica: usize, user: &User<'_>) -> User<'a> {
        let User { id, email, token, refresh_token, .. } = user;
        let (id, email) = (id.clone(), email.clone());
        User { app: &self.replicas[replica], id, email, token: token.clone(), refresh_token: refresh_token.clone() }
    }
}
