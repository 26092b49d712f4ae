//! Sockets, the rooms they are in, what they send and what they are sent.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use collabry_shared::health::metrics::{Counts, Times, quick};
use collabry_shared::realtime::Room;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use socketioxide::TransportType;

use super::adapter::SocketIo;
use crate::http::ApiResult;

#[derive(Debug)]
pub struct Metrics {
    took: Times<2>,
    emitted: Counts<1>,
    incomplete: Counts<1>,
    rejected: Counts<1>,
}

/// Why a packet was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::realtime) enum Rejection {
    /// More in a second than a socket may send.
    Pace,
    /// So much more that the socket was closed.
    Far,
    /// Larger than an event may be.
    Large,
    /// More waits than a socket may let wait.
    Full,
}

impl Rejection {
    fn name(self) -> &'static str {
        match self {
            Self::Pace => "pace",
            Self::Far => "closed",
            Self::Large => "size",
            Self::Full => "waiting",
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let took = Family::new_with_constructor(quick as fn() -> _);
        Self { took, emitted: Family::default(), incomplete: Family::default(), rejected: Family::default() }
    }
}

impl Metrics {
    pub fn register(&self, registry: &mut Registry) {
        let help = "Time from an event that a socket sent to its acknowledgement, by how it was acknowledged";
        registry.register("socket_event_duration_seconds", help, self.took.clone());
        registry.register("socket_emits", "Events sent to a room", self.emitted.clone());
        let help = "Events that did not fit into the buffer of some slow client, who catches up from the log";
        registry.register("socket_emits_incomplete", help, self.incomplete.clone());
        let help = "Packets of sockets that were rejected: sent too fast, too large, too many waiting, or the socket closed for it";
        registry.register("socket_packets_refused", help, self.rejected.clone());
        for why in [Rejection::Pace, Rejection::Far, Rejection::Large, Rejection::Full] {
            let _counter = self.rejected.get_or_create(&[("reason", why.name())]);
        }
    }

    /// An event that a socket sent.
    pub(in crate::realtime) fn answered<T>(&self, event: &'static str, answer: &ApiResult<T>, took: Duration) {
        let outcome = match answer {
            Ok(_) => "ok",
            Err(error) if error.status.is_server_error() => "failed",
            Err(_) => "refused",
        };
        self.took.get_or_create(&[("event", event), ("outcome", outcome)]).observe(took.as_secs_f64());
    }

    pub(in crate::realtime) fn rejected(&self, why: Rejection) {
        self.rejected.get_or_create(&[("reason", why.name())]).inc();
    }

    /// An event that a room was sent; not `all`: somebody in it was too slow.
    pub(in crate::realtime) fn emitted(&self, event: &'static str, all: bool) {
        self.emitted.get_or_create(&[("event", event)]).inc();
        self.incomplete.get_or_create(&[("event", event)]).inc_by(u64::from(!all));
    }
}

/// Computed on scrape.
pub(in crate::realtime) struct SocketIoCollector(pub SocketIo);

impl Collector for SocketIoCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut rooms = HashSet::new();
        let (mut websocket, mut polling) = (0, 0);
        for socket in self.0.sockets() {
            match socket.transport_type() {
                TransportType::Websocket => websocket += 1,
                TransportType::Polling => polling += 1,
            }
            rooms.extend(socket.rooms());
        }
        let mut sockets = encoder.encode_descriptor("sockets", "Connected sockets", None, MetricType::Gauge)?;
        for (transport, count) in [("websocket", websocket), ("polling", polling)] {
            let labels = [("transport", transport)];
            ConstGauge::new(count).encode(sockets.encode_family(&labels)?)?;
        }
        let help = "Rooms with a socket in them";
        let mut gauges = encoder.encode_descriptor("rooms", help, None, MetricType::Gauge)?;
        let kinds: Vec<_> = rooms.iter().filter_map(|room| room.parse().ok().map(kind)).collect();
        for kind in ["user", "session", "notebook", "conversation"] {
            let count = kinds.iter().filter(|one| **one == kind).count();
            let labels = [("kind", kind)];
            ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX)).encode(gauges.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

fn kind(room: Room) -> &'static str {
    match room {
        Room::User(_) => "user",
        Room::Session(_) => "session",
        Room::Notebook(_) | Room::Outside(..) => "notebook",
        Room::Conversation(_) => "conversation",
    }
}

impl fmt::Debug for SocketIoCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketIoCollector").finish_non_exhaustive()
    }
}
