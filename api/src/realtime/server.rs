//! The Socket.IO server: what it is made of, how it starts and drains.

use std::sync::Arc;
use std::time::Duration;

use collabry_shared::health::metrics::ours;
use collabry_shared::realtime::Published;
use collabry_shared::redis::Redis;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use prometheus_client::registry::Registry;
use serde::Serialize;
use socketioxide::layer::SocketIoLayer;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use utoipa::ToSchema;

use super::adapter::{self, Adapter, SocketIo};
use super::context::Realtime;
use super::inbound::typing;
use super::inbound::typists::Typing;
use super::membership::announcements::Announcements;
use super::membership::{auth, connect, presence};
use super::metrics;
use super::outbound::losses::{self, Losses};
use super::outbound::pump::Pump;
use super::outbound::relay;
use super::outbound::sequencer::{self, Partitions, Sequencer};
use crate::state::ApiState;

/// Packets that may wait for a slow client; beyond it packets are lost to it, and it is told to catch up from the logs.
const MAX_BUFFERED_PACKETS: usize = 128;
/// Bytes read at once from a WebSocket; the buffer is kept for each socket, and grows with what is longer.
const WS_READ_BUFFER: usize = 256;
/// What is larger than an event may be is read all the same, up to here, so that its sender is told why it is refused.
const MAX_PAYLOAD: usize = 1024 * 1024;
pub(in crate::realtime) const DRAINING: &str = "server:draining";
/// How far apart draining sockets come back.
const RECONNECT_WITHIN: Duration = Duration::from_secs(3);

/// The layer that answers the requests of sockets.
pub type Sockets = SocketIoLayer<Adapter>;

/// The server is about to end.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::realtime) struct Draining {
    /// Come back at a random moment within so many milliseconds.
    reconnect_within_ms: u64,
}

/// The Socket.IO server of this process.
#[derive(Debug)]
pub struct Server {
    io: SocketIo,
    realtime: Realtime,
    partitions: Partitions,
    watches: mpsc::Receiver<relay::Watch>,
}

impl Server {
    /// The server, and the layer that answers its requests.
    /// With Redis, rooms span all replicas.
    pub fn new(api: ApiState, redis: Option<Redis>) -> (Self, Sockets) {
        let (sequencer, partitions) = Sequencer::new();
        let (relay, watches) = relay::Handle::new();
        let realtime = Realtime {
            api,
            typing: Typing::default(),
            sequencer,
            relay,
            announcements: Announcements::default(),
            removals: Arc::default(),
        };
        let (layer, io) = socketioxide::SocketIo::builder()
            .with_state(realtime.clone())
            .max_buffer_size(MAX_BUFFERED_PACKETS)
            .ws_read_buffer_size(WS_READ_BUFFER)
            .max_payload(MAX_PAYLOAD as u64)
            .ws_max_message_size(MAX_PAYLOAD)
            .with_adapter::<Adapter>(adapter::adapter(redis))
            .build_layer();
        (Self { io, realtime, partitions, watches }, layer)
    }

    /// Adds the sockets and rooms of this process.
    pub fn register(&self, registry: &mut Registry) {
        ours(registry).register_collector(Box::new(metrics::SocketIoCollector(self.io.clone())));
    }

    /// Lets sockets in, and starts what runs beside them: delivery of published events, tails of generations, expiry.
    /// Should one of these end before `stop`, `broken` is cancelled: without it sockets would wait in silence.
    pub async fn start(
        &mut self,
        published: mpsc::Receiver<Published>,
        tasks: &TaskTracker,
        stop: &CancellationToken,
        broken: &CancellationToken,
    ) -> std::io::Result<()> {
        // Before the rest: there are no rooms to send to while the namespace is missing.
        connect::register(&self.io).await.map_err(std::io::Error::other)?;
        let (io, realtime) = (&self.io, &self.realtime);
        let run = |work: BoxFuture<'static, ()>| {
            let (stop, ended) = (stop.clone(), broken.clone().drop_guard());
            tasks.spawn(async move {
                if stop.run_until_cancelled(work).await.is_none() {
                    ended.disarm();
                }
            });
        };
        let losses = Losses::default();
        for partition in self.partitions.drain(..) {
            let (api, relay) = (realtime.api.clone(), realtime.relay.clone());
            run(sequencer::run(io.clone(), api, relay, losses.clone(), partition).boxed());
        }
        let watches = std::mem::replace(&mut self.watches, mpsc::channel(1).1);
        run(relay::run(io.clone(), realtime.api.clone(), losses.clone(), watches).boxed());
        run(losses::announce(io.clone(), losses, realtime.api.clone()).boxed());
        let pump = Pump { io: io.clone(), realtime: realtime.clone(), tasks: tasks.clone(), stop: stop.clone() };
        run(pump.run(published).boxed());
        run(presence::announce_noticed(realtime.clone()).boxed());
        run(presence::announce(realtime.clone()).boxed());
        run(auth::expire_sockets(io.clone(), realtime.api.clone()).boxed());
        run(typing::expire(realtime.clone()).boxed());
        Ok(())
    }

    /// Tells every socket to reconnect elsewhere.
    pub async fn drain(&self) {
        let reconnect_within_ms = u64::try_from(RECONNECT_WITHIN.as_millis()).unwrap_or(u64::MAX);
        if let Err(error) = self.io.local().emit(DRAINING, &Draining { reconnect_within_ms }).await {
            tracing::warn!(%error, "telling all sockets of the drain failed");
        }
    }

    /// Closes every socket. Not while anyone still sends: the rooms are gone with them.
    pub async fn close(&self) {
        self.io.close().await;
    }
}
