//! The services of an installation.

use std::net::{Ipv4Addr, SocketAddr};

/// What a process of several is. The one-process form is all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Api,
    Engine,
    Worker,
}

impl Service {
    /// As it is called in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Engine => "ai-engine",
            Self::Worker => "worker",
        }
    }

    /// Where it answers for its health when nothing else is set.
    pub fn internal_bind(self) -> SocketAddr {
        let port = match self {
            Self::Api => 5001,
            Self::Engine => 5101,
            Self::Worker => 5201,
        };
        (Ipv4Addr::LOCALHOST, port).into()
    }
}
