//! Socket.IO: the fast view of the logs. The contract is in `docs/realtime.md`.

mod auth;
mod connect;
mod conversations;
mod dispatch;
mod generations;
mod head;
mod messages;
mod presence;
mod pump;
mod relay;
mod typing;

use std::time::Duration;

use collabry_shared::realtime::Published;
use socketioxide::SocketIo;
use socketioxide::layer::SocketIoLayer;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::connect::SocketUser;
pub use self::head::own as own_head;
use self::relay::Relay;
use self::typing::Typing;
use crate::state::ApiState;

/// Packets that may wait for a slow client; beyond it packets are lost to it, and it catches up from the logs.
const MAX_BUFFERED_PACKETS: usize = 128;
/// Bytes read at once from a WebSocket; the buffer is kept for each socket, and grows with what is longer.
const WS_READ_BUFFER: usize = 512;
/// A message of 16,000 code points with room for its escapes.
const MAX_PAYLOAD: usize = 256 * 1024;
/// How far apart draining sockets come back.
const RECONNECT_WITHIN: Duration = Duration::from_secs(3);

/// What handlers of socket events can reach.
#[derive(Debug, Clone)]
struct Realtime {
    api: ApiState,
    typing: Typing,
}

/// The Socket.IO server of this process.
#[derive(Debug)]
pub struct Server {
    io: SocketIo,
    realtime: Realtime,
}

impl Server {
    /// The server, and the layer that answers its requests.
    pub fn new(api: ApiState) -> (Self, SocketIoLayer) {
        let realtime = Realtime { api, typing: Typing::default() };
        let (layer, io) = SocketIo::builder()
            .with_state(realtime.clone())
            .max_buffer_size(MAX_BUFFERED_PACKETS)
            .ws_read_buffer_size(WS_READ_BUFFER)
            .max_payload(MAX_PAYLOAD as u64)
            .ws_max_message_size(MAX_PAYLOAD)
            .build_layer();
        connect::register(&io);
        (Self { io, realtime }, layer)
    }

    /// Starts what runs beside the sockets: delivery of published events, tails of generations, expiry.
    pub fn start(&self, published: mpsc::Receiver<Published>, tasks: &TaskTracker, stop: &CancellationToken) {
        let relay = Relay::new(self.io.clone(), self.realtime.api.clone(), tasks.clone(), stop.clone());
        let pump = pump::run(self.io.clone(), self.realtime.api.clone(), relay, published);
        tasks.spawn(stop.clone().run_until_cancelled_owned(pump));
        let expiry = auth::expire_sockets(self.io.clone(), self.realtime.api.clone());
        tasks.spawn(stop.clone().run_until_cancelled_owned(expiry));
        let typing = typing::expire(self.realtime.clone());
        tasks.spawn(stop.clone().run_until_cancelled_owned(typing));
    }

    /// Tells every socket to reconnect elsewhere.
    pub async fn drain(&self) {
        let within = u64::try_from(RECONNECT_WITHIN.as_millis()).unwrap_or(u64::MAX);
        let payload = serde_json::json!({ "reconnectWithinMs": within });
        if let Err(error) = self.io.local().emit("server:draining", &payload).await {
            tracing::warn!(%error, "some sockets were not told of the drain");
        }
    }

    /// Closes every socket.
    pub async fn close(&self) {
        self.io.close().await;
    }
}
