//! What the parts of the Socket.IO server share.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::inbound::typists::Typing;
use super::membership::announcements::Announcements;
use super::outbound::relay;
use super::outbound::sequencer::Sequencer;
use crate::state::ApiState;

/// What handlers of socket events can reach. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::realtime) struct Realtime {
    pub api: ApiState,
    pub typing: Typing,
    pub sequencer: Sequencer,
    pub relay: relay::Handle,
    pub announcements: Announcements,
    /// Removals of members that this process has received so far.
    pub removals: Arc<AtomicU64>,
}
