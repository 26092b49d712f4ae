//! Socket.IO: the fast view of the logs. The contract is in `docs/realtime.md`.

mod adapter;
mod context;
mod contract;
mod inbound;
mod membership;
pub mod metrics;
mod outbound;
mod server;
mod shape;
mod socket;

pub use self::contract::{events, published, published_names, refusal, relayed, requests};
pub use self::inbound::head::own as own_head;
pub use self::inbound::refused::number_the_code;
pub use self::server::{Server, Sockets};
pub use self::shape::{Request, Shape};
