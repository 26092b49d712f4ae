//! The roles of a process, and what each cannot do without.

use std::net::{Ipv4Addr, SocketAddr};

use super::reader::Reader;

/// What a process of several is. The one-process form is all of them, and needs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Api,
    Engine,
    Worker,
}

/// A setting that a replica must have, and why.
type Need = (&'static str, &'static str);

const SHARED: [Need; 2] = [
    ("MONGODB_URI", "replicas share their documents; for example mongodb://localhost/collabry"),
    ("REDIS_URL", "replicas coordinate over it; for example redis://localhost"),
];
const SERVICE_SECRET: Need =
    ("COLLABRY_SERVICE_SECRET", "api and ai-engine trust each other by it; openssl rand -hex 32");
const JWT_SECRET: Need = ("COLLABRY_JWT_SECRET", "every api must sign with the same one; openssl rand -hex 32");
const ENGINES: Need =
    ("COLLABRY_ENGINE_URLS", "the ai-engines to ask; for example http://10.0.0.5:5100,http://10.0.0.6:5100");

impl Role {
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

    pub(super) fn check(self, read: &mut Reader<'_>) {
        let own: &[Need] = match self {
            Self::Api => &[JWT_SECRET, SERVICE_SECRET, ENGINES],
            Self::Engine => &[SERVICE_SECRET],
            Self::Worker => &[],
        };
        for (variable, why) in SHARED.iter().chain(own) {
            read.require(variable, why);
        }
    }
}
