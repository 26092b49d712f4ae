//! Name resolution that returns only addresses that may be connected to, so that the address that is used is the one
//! that was checked.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::addresses;

/// The name, or an address that it resolves to, is not open to users.
#[derive(Debug, thiserror::Error)]
#[error("the address is not public")]
pub struct NotAllowed;

#[derive(Debug)]
pub struct Resolver {
    pub allow_private: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            if !addresses::may_resolve(name.as_str(), allow_private) {
                return Err(NotAllowed.into());
            }
            // The client replaces port 0 by the port of the request.
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // A private address among public ones is an attack: reject the whole name.
            if found.iter().all(|address| addresses::may_connect(address.ip(), allow_private)) {
                Ok(Box::new(found.into_iter()) as Addrs)
            } else {
                Err(NotAllowed.into())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `127.1` is a name to this trait, but an address to the system's resolver.
    #[tokio::test]
    async fn names_are_checked_by_their_addresses() {
        let resolve = |allow_private| Resolver { allow_private }.resolve("127.1".parse().unwrap());
        assert!(resolve(false).await.err().unwrap().is::<NotAllowed>());
        let found: Vec<_> = resolve(true).await.unwrap().map(|address| address.ip()).collect();
        assert!(found.iter().all(std::net::IpAddr::is_loopback) && !found.is_empty());
    }
}
