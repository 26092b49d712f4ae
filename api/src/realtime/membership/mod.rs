//! Who is connected, where from, and to what they belong.

pub(super) mod auth;
pub(super) mod connect;
pub(super) mod presence;
pub(super) mod recheck;
