//! What a handler of an event is given.

use crate::realtime::adapter::SocketRef;
use crate::realtime::context::Realtime;
use crate::realtime::socket::SocketUser;

/// A parsed event with everything its handler needs.
pub(in crate::realtime) struct Call<T> {
    pub realtime: Realtime,
    pub socket: SocketRef,
    pub user: SocketUser,
    pub payload: T,
}
