//! Notices for the operator, each logged once: requests that show that a setting is probably wrong.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::{HeaderMap, header};
use collabry_shared::health::Note;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use url::{Host, Url};

#[derive(Debug, Default)]
pub struct Notices {
    unnamed_proxy: AtomicBool,
    unnamed_proxy_requests: Counter,
    lost_cookie: AtomicBool,
}

impl Notices {
    /// A peer that is not a trusted proxy sent `X-Forwarded-For`.
    pub fn unnamed_proxy(&self, peer: IpAddr) {
        self.unnamed_proxy_requests.inc();
        if !self.unnamed_proxy.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %peer,
                "X-Forwarded-For comes from an address that COLLABRY_TRUSTED_PROXIES does not name: it is not believed, and \
                 all who come through that address share one limit. If it is your proxy, name it there"
            );
        }
    }

    pub fn register(&self, registry: &mut Registry) {
        let help = "Requests with X-Forwarded-For from an address that COLLABRY_TRUSTED_PROXIES does not name";
        registry.register("unnamed_proxy_requests", help, self.unnamed_proxy_requests.clone());
    }

    /// The notices for `check`, which cannot read the log. They contain no addresses, which may be anybody's.
    pub fn notes(&self) -> Vec<Note> {
        let requests = self.unnamed_proxy_requests.get();
        let note = || Note {
            setting: "COLLABRY_TRUSTED_PROXIES".to_owned(),
            message: format!(
                "X-Forwarded-For comes from an address that is not in it ({requests} requests since the start): it is not \
                 believed, and all who come through that address share one limit. The log names the first such address; if \
                 it is your proxy, add it"
            ),
        };
        (requests > 0).then(note).into_iter().collect()
    }

    /// A cookie for https only was sent to a page that was opened without it.
    pub fn secure_cookie(&self, headers: &HeaderMap) {
        let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        let Some(origin) = origin.filter(|origin| loses_cookies(origin)) else { return };
        if !self.lost_cookie.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                origin,
                "somebody signed in over http, and their browser does not keep the sign-in: serve the page over https, or \
                 set COLLABRY_SECURE_COOKIES=false"
            );
        }
    }
}

/// Whether browsers drop `Secure` cookies of this origin: they keep those of https and of localhost.
fn loses_cookies(origin: &str) -> bool {
    let Ok(url) = Url::parse(origin) else { return false };
    let own_machine = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    url.scheme() == "http" && !own_machine
}

#[cfg(test)]
mod tests {
    use super::loses_cookies;

    #[test]
    fn https_and_the_own_machine_keep_cookies() {
        for kept in ["https://host.test", "http://localhost:5000", "http://127.0.0.1", "http://[::1]:5000", "null"] {
            assert!(!loses_cookies(kept), "{kept}");
        }
        for lost in ["http://host.test:5000", "http://192.168.1.7"] {
            assert!(loses_cookies(lost), "{lost}");
        }
    }
}
