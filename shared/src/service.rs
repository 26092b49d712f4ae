//! The services of an installation.

use std::net::{Ipv4Addr, SocketAddr};

/// The role of a process in an installation of several. The one-process form has all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Api,
    Engine,
    Worker,
}

impl Service {
    /// The name in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Engine => "ai-engine",
            Self::Worker => "worker",
        }
    }

    /// The default address of the health endpoints.
    pub fn internal_bind(self) -> SocketAddr {
        let port = match self {
            Self::Api => 5001,
            Self::Engine => 5101,
            Self::Worker => 5201,
        };
        (Ipv4Addr::LOCALHOST, port).into()
    }
}
