//! Connected sockets: who they belong to, and which rooms they are in.

pub(super) mod announcements;
pub(super) mod auth;
pub(super) mod connect;
pub(super) mod presence;
pub(super) mod recheck;
