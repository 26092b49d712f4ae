//! What sockets are told: messages in their order, answers as they are written, and what was lost on the way.

pub(super) mod losses;
pub(super) mod pump;
pub(super) mod relay;
pub(super) mod sequencer;

/// Packets sent in one go, well below what a socket's buffer holds; then the writers of the sockets have their turn.
const IN_ONE_GO: usize = 32;
