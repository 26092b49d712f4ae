//! How many connections each address has.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Whoever has one address of an IPv6 /64 has all of it.
const IPV6_PREFIX: u32 = 64;

#[derive(Debug, Clone)]
pub struct Addresses {
    connected: Arc<Mutex<HashMap<IpAddr, u32>>>,
    limit: u32,
}

/// Counts one connection of an address until it is dropped.
#[derive(Debug)]
pub struct Connected {
    addresses: Addresses,
    address: IpAddr,
}

impl Addresses {
    /// 0: there is no limit.
    pub fn new(limit: u32) -> Self {
        Self { connected: Arc::default(), limit }
    }

    /// `None`: it has as many as one may.
    pub fn enter(&self, address: IpAddr) -> Option<Connected> {
        let address = normalize(address);
        let mut connected = self.lock();
        let count = connected.entry(address).or_default();
        if self.limit > 0 && *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(Connected { addresses: self.clone(), address })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let mut connected = self.addresses.lock();
        let Some(count) = connected.get_mut(&self.address) else { return };
        *count -= 1;
        if *count == 0 {
            connected.remove(&self.address);
        }
    }
}

fn normalize(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << (128 - IPV6_PREFIX))).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::Addresses;

    #[test]
    fn one_address_has_its_share_and_a_v6_network_is_one() {
        let addresses = Addresses::new(2);
        let enter = |address: &str| addresses.enter(address.parse().unwrap());
        let held = [enter("198.51.100.1"), enter("::ffff:198.51.100.1")];
        assert!(held.iter().all(Option::is_some));
        assert!(enter("198.51.100.1").is_none());
        assert!(enter("198.51.100.2").is_some());
        let network = [enter("2001:db8:1:2::1"), enter("2001:db8:1:2:9::9")];
        assert!(network.iter().all(Option::is_some) && enter("2001:db8:1:2::3").is_none());
        drop(held);
        assert!(enter("198.51.100.1").is_some());
        drop(network);
        assert!(addresses.lock().is_empty(), "nothing is kept of those who left");
    }
}
