//! What sockets send: from a packet to a handler and back to an acknowledgement.

pub(super) mod call;
pub(super) mod conversations;
pub(super) mod dispatch;
pub(super) mod fields;
pub(super) mod gate;
pub(super) mod generations;
pub(super) mod head;
pub(super) mod messages;
pub(super) mod refused;
pub(super) mod typing;
pub(super) mod typists;
