//! Who may create an account, and how much one account may have.

use std::net::SocketAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::reader::Reader;

const MOST: u64 = 1_000_000;

/// `COLLABRY_REGISTRATION`: who may create an account over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// Everybody who can reach the server.
    Open,
    /// People with a join code or an invitation to a notebook.
    Invited,
    /// Nobody: accounts are created on the command line.
    Closed,
}

impl FromStr for Registration {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "open" => Ok(Self::Open),
            "invited" => Ok(Self::Invited),
            "closed" => Ok(Self::Closed),
            _ => Err(()),
        }
    }
}

impl Registration {
    /// Open by default if only this machine can reach the server. Otherwise strangers can, also through a proxy on this machine.
    pub(super) fn read(read: &mut Reader<'_>, bind: SocketAddr, proxies: &[IpNet]) -> Self {
        let default = if bind.ip().is_loopback() && proxies.is_empty() { "open" } else { "invited" };
        read.parsed("COLLABRY_REGISTRATION", default, "open, invited or closed")
    }
}

/// How much an account or a notebook may have at a time.
#[derive(Debug, Clone)]
pub struct BoundsConfig {
    /// `COLLABRY_MAX_NOTEBOOKS`: notebooks that one account owns.
    pub notebooks: usize,
    /// `COLLABRY_MAX_MEMBERS`: members of a notebook.
    pub members: usize,
    /// `COLLABRY_MAX_INVITATIONS`: open invitations to a notebook.
    pub invitations: usize,
    /// `COLLABRY_MAX_CONVERSATIONS`: conversations that one account has started in a notebook.
    pub conversations: usize,
}

impl BoundsConfig {
    pub(super) fn read(read: &mut Reader<'_>) -> Self {
        Self {
            notebooks: read.size("COLLABRY_MAX_NOTEBOOKS", 200, 1..=MOST),
            members: read.size("COLLABRY_MAX_MEMBERS", 500, 1..=MOST),
            invitations: read.size("COLLABRY_MAX_INVITATIONS", 100, 1..=MOST),
            conversations: read.size("COLLABRY_MAX_CONVERSATIONS", 1_000, 1..=MOST),
        }
    }
}
