//! Identifies the client: the peer, or the address that trusted proxies report.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;

use crate::audit::Trail;
use crate::http::problems::REQUEST_ID;
use crate::state::ApiState;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// A household or a machine has a whole /64, so its addresses count as one client.
const GROUP: u32 = 64;

/// A client's address, reduced to what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client(IpAddr);

impl Client {
    /// Walks `X-Forwarded-For` from the right for as long as who wrote the entry is trusted: the first address that is
    /// not is the client, and what stands left of it is only what that client says.
    fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let mut entries = headers.get_all(X_FORWARDED_FOR).iter().rev().flat_map(|value| {
            let list = value.to_str().unwrap_or_default();
            list.rsplit(',')
        });
        let mut client = peer.to_canonical();
        while self::trusted(trusted, client) {
            match entries.next().and_then(address) {
                Some(before) => client = before.to_canonical(),
                None => break,
            }
        }
        Self(group(client))
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    entry.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

fn group(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << (128 - GROUP))).into(),
    }
}

/// Whether a peer is a trusted proxy.
pub fn trusted(proxies: &[IpNet], peer: IpAddr) -> bool {
    let peer = peer.to_canonical();
    proxies.iter().any(|network| network.contains(&peer))
}

/// Middleware: keeps a request id only from a trusted proxy. Anybody else could forge ids in the log.
pub async fn forget_claims(
    State(state): State<ApiState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    if !trusted(&state.config.limits.trusted_proxies, peer.ip()) {
        request.headers_mut().remove(REQUEST_ID);
    }
    next.run(request).await
}

/// Middleware: identifies the [`Client`] for inner layers and sockets.
pub async fn identify(
    State(state): State<ApiState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    trail: Trail,
    mut request: Request,
    next: Next,
) -> Response {
    let trusted = &state.config.limits.trusted_proxies;
    let client = Client::of(peer.ip(), request.headers(), trusted);
    let own_word = !trusted.iter().any(|network| network.contains(&peer.ip().to_canonical()));
    if own_word && request.headers().contains_key(X_FORWARDED_FOR) {
        state.notices.unnamed_proxy(peer.ip());
    }
    trail.address(client);
    request.extensions_mut().insert(client);
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::{Client, X_FORWARDED_FOR};

    fn client(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(X_FORWARDED_FOR, value.parse().unwrap());
        }
        let trusted: Vec<_> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        Client::of(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn nobody_is_believed_unless_trusted() {
        assert_eq!(client("198.51.100.1", &["203.0.113.9"], &[]), "198.51.100.1");
        assert_eq!(client("198.51.100.1", &["203.0.113.9"], &["10.0.0.0/8"]), "198.51.100.1");
    }

    #[test]
    fn the_first_untrusted_address_from_the_right_is_the_client() {
        let trusted = ["10.0.0.0/8", "192.0.2.0/24"];
        assert_eq!(client("10.0.0.1", &["203.0.113.9"], &trusted), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["1.2.3.4, 203.0.113.9"], &trusted), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["1.2.3.4,203.0.113.9 , 192.0.2.5,10.9.9.9"], &trusted), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["1.2.3.4", "203.0.113.9", "192.0.2.5"], &trusted), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["203.0.113.9:4711"], &trusted), "203.0.113.9");
    }

    #[test]
    fn where_the_chain_ends_the_last_trusted_one_is_the_client() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(client("10.0.0.1", &[], &trusted), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["10.0.0.7"], &trusted), "10.0.0.7");
        assert_eq!(client("10.0.0.1", &["203.0.113.9, unknown"], &trusted), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["\u{e9}"], &trusted), "10.0.0.1");
    }

    #[test]
    fn addresses_have_one_form_and_a_v6_network_is_one_client() {
        assert_eq!(client("::ffff:198.51.100.1", &[], &[]), "198.51.100.1");
        assert_eq!(client("::ffff:10.0.0.1", &["::ffff:203.0.113.9"], &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(client("2001:db8:1:2:3:4:5:6", &[], &[]), "2001:db8:1:2::");
        assert_eq!(client("fd00::1", &["[2001:db8:1:2::9]:80"], &["fd00::/8"]), "2001:db8:1:2::");
    }
}
