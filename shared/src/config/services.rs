//! The settings by which services find and trust each other.

use std::net::SocketAddr;

use secrecy::SecretString;
use url::Url;

use super::MIN_SECRET_BYTES;
use super::reader::Reader;

#[derive(Debug, Clone)]
pub struct ServicesConfig {
    /// `COLLABRY_SERVICE_SECRET`: every request to an ai-engine must carry it.
    pub secret: Option<SecretString>,
    /// `COLLABRY_ENGINE_URLS`: the ai-engines that an api calls.
    pub engines: Vec<Url>,
    /// `COLLABRY_ENGINE_BIND`: where an ai-engine listens.
    pub engine_bind: SocketAddr,
    /// `COLLABRY_INTERNAL_BIND`: for `/health`, `/ready` and `/metrics` on a runtime of their own; `None`: not at all in
    /// the one-process form, the service's own address ([`Service::internal_bind`](crate::service::Service::internal_bind)) elsewhere.
    pub internal_bind: Option<SocketAddr>,
}

impl ServicesConfig {
    pub(super) fn read(read: &mut Reader<'_>) -> Self {
        Self {
            secret: read.secret("COLLABRY_SERVICE_SECRET", MIN_SECRET_BYTES),
            engines: read.urls("COLLABRY_ENGINE_URLS"),
            engine_bind: read.parsed(
                "COLLABRY_ENGINE_BIND",
                "127.0.0.1:5100",
                "an address and port, like 0.0.0.0:5100",
            ),
            internal_bind: read.address_and_port("COLLABRY_INTERNAL_BIND"),
        }
    }
}
