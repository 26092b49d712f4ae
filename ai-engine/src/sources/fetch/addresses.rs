//! The addresses that users may make this server connect to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Blocks that are not public, from IANA's special-purpose registry for IPv4 (RFC 6890 and later).
const PRIVATE_V4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),       // this network
    ([10, 0, 0, 0], 8),      // private
    ([100, 64, 0, 0], 10),   // carrier-grade NAT; a metadata service of Alibaba
    ([127, 0, 0, 0], 8),     // loopback
    ([172, 16, 0, 0], 12),   // private
    ([192, 0, 0, 0], 24),    // protocol assignments; a metadata service of Oracle
    ([192, 0, 2, 0], 24),    // documentation
    ([192, 88, 99, 0], 24),  // 6to4 relays
    ([192, 168, 0, 0], 16),  // private
    ([198, 18, 0, 0], 15),   // benchmarks
    ([198, 51, 100, 0], 24), // documentation
    ([203, 0, 113, 0], 24),  // documentation
    ([224, 0, 0, 0], 3),     // multicast, reserved, broadcast
];

/// Never allowed: link-local addresses, where clouds run their metadata services, and Azure's, which has a public
/// address.
const NEVER_V4: &[([u8; 4], u32)] = &[([169, 254, 0, 0], 16), ([168, 63, 129, 16], 32)];

/// Public IPv6 addresses are in this block, except for those below.
const GLOBAL_V6: (u128, u32) = (0x2000 << 112, 3);

const PRIVATE_V6: &[(u128, u32)] = &[
    (0x2001 << 112, 23),     // protocol assignments, Teredo, benchmarks, ORCHID
    (0x2001_0db8 << 96, 32), // documentation
    (0x3fff << 112, 20),     // documentation
];

/// Never allowed: link-local and the metadata service of AWS.
const NEVER_V6: &[(u128, u32)] = &[(0xfe80 << 112, 10), (0xfd00_0ec2_0000_0000_0000_0000_0000_0254, 128)];

/// IPv6 blocks whose addresses embed an IPv4 address, with the bit at which it ends.
const EMBEDDING_V6: &[(u128, u32, u32)] = &[
    (0xffff << 32, 96, 128),           // mapped
    (0, 96, 128),                      // compatible; also holds :: and ::1
    (0x0064_ff9b << 96, 96, 128),      // NAT64
    (0x0064_ff9b_0001 << 80, 48, 128), // NAT64, local
    (0x2002 << 112, 16, 48),           // 6to4
];

/// Names of the machine itself, its network or its cloud.
const PRIVATE_NAMES: &[&str] = &["localhost", "local", "localdomain", "internal", "intranet", "lan", "home.arpa"];
const METADATA_NAMES: &[&str] =
    &["metadata", "metadata.google.internal", "metadata.azure.internal", "instance-data", "instance-data.ec2.internal"];

/// Whether to connect to `address`. `allow_private` allows all but the metadata services.
pub fn may_connect(address: IpAddr, allow_private: bool) -> bool {
    match address {
        IpAddr::V4(address) => v4(address, allow_private),
        IpAddr::V6(address) => v6(address, allow_private),
    }
}

/// Whether to resolve `name` at all.
pub fn may_resolve(name: &str, allow_private: bool) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let under = |domain: &str| name == domain || name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    !METADATA_NAMES.contains(&name.as_str()) && (allow_private || !PRIVATE_NAMES.iter().any(|domain| under(domain)))
}

fn v4(address: Ipv4Addr, allow_private: bool) -> bool {
    let bits = address.to_bits();
    let within = |(network, length): &([u8; 4], u32)| (bits ^ u32::from_be_bytes(*network)) >> (32 - length) == 0;
    !NEVER_V4.iter().any(within) && (allow_private || !PRIVATE_V4.iter().any(within))
}

fn v6(address: Ipv6Addr, allow_private: bool) -> bool {
    let bits = address.to_bits();
    let within = |(network, length): &(u128, u32)| (bits ^ network) >> (128 - length) == 0;
    if let Some((_, _, end)) = EMBEDDING_V6.iter().find(|(network, length, _)| within(&(*network, *length))) {
        let [.., a, b, c, d] = (bits >> (128 - end)).to_be_bytes();
        // Nobody needs such a detour, even to a public address.
        return allow_private && v4(Ipv4Addr::new(a, b, c, d), true);
    }
    !NEVER_V6.iter().any(within) && (allow_private || (within(&GLOBAL_V6) && !PRIVATE_V6.iter().any(within)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE: &[&str] = &[
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2002:808:808::",
        "2001::1",
        "2001:db8::1",
        "3fff::1",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "fec0::1",
        "100::1",
        "5f00::1",
    ];
    const NEVER: &[&str] = &[
        "169.254.169.254",
        "169.254.0.1",
        "168.63.129.16",
        "fe80::1",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::",
    ];
    const PUBLIC: &[&str] = &[
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.169.0.1",
        "198.17.0.1",
        "198.20.0.1",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00:1450::1",
        "2003::1",
    ];

    #[test]
    fn only_public_addresses_are_reached() {
        for address in PRIVATE.iter().chain(NEVER) {
            assert!(!may_connect(address.parse().unwrap(), false), "{address}");
        }
        for address in PUBLIC {
            assert!(may_connect(address.parse().unwrap(), false), "{address}");
        }
    }

    #[test]
    fn metadata_services_stay_closed_in_private_networks() {
        for address in NEVER {
            assert!(!may_connect(address.parse().unwrap(), true), "{address}");
        }
        for address in ["10.0.0.1", "127.0.0.1", "::1", "fd12:3456::1", "::ffff:127.0.0.1", "8.8.8.8"] {
            assert!(may_connect(address.parse().unwrap(), true), "{address}");
        }
    }

    #[test]
    fn private_names_are_not_asked_for() {
        for name in ["localhost", "LOCALHOST.", "a.localhost", "db.internal", "printer.local", "metadata"] {
            assert!(!may_resolve(name, false), "{name}");
        }
        assert!(may_resolve("localhost", true) && !may_resolve("metadata.google.internal", true));
        assert!(may_resolve("example.org", false) && may_resolve("notlocalhost.org", false));
    }
}
