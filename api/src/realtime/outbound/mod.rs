//! What sockets are told: messages in their order, answers as they are written, and what was lost on the way.

pub(super) mod losses;
pub(super) mod pump;
pub(super) mod relay;
pub(super) mod sequencer;
