//! Which addresses may be connected to, whatever name led there: only addresses of the public
//! internet.
//!
//! For IPv6 the rule lists what is allowed, since most of the space is not; for IPv4 it lists what
//! is not. Both follow IANA's registries of special-purpose addresses (RFC 6890 and its
//! successors), plus addresses that are private by convention.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::OwnAddresses;

/// Decides which addresses may be connected to.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Whether private networks and this machine may be reached. For development.
    pub private_addresses: bool,
    /// Addresses that may always be connected to, except this host's listeners. For tests, whose
    /// servers are on this machine.
    pub exceptions: Vec<SocketAddr>,
    /// This host's own addresses. Its listeners are never reached, its other addresses only by the
    /// two fields above.
    pub own: OwnAddresses,
}

impl Guard {
    /// Whether this address may be connected to.
    pub fn permits(&self, address: SocketAddr) -> bool {
        if self.own.listens_at(address) {
            return false;
        }
        // A server under development may well be on this machine, so these come before the check
        // for the host's own addresses.
        let allowed = self.exceptions.contains(&address)
            || (self.private_addresses && is_private_network(address.ip()));
        allowed || (is_public(address.ip()) && !self.own.include(address.ip()))
    }
}

/// Whether an address belongs to the public internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let number = u32::from(address);
    !NOT_PUBLIC_V4.iter().any(|&([a, b, c, d], bits)| {
        let network = u32::from_be_bytes([a, b, c, d]);
        number >> (32 - bits) == network >> (32 - bits)
    })
}

/// Also refuses every address in which a translator or a tunnel would find another address (mapped,
/// compatible, 6to4, Teredo, NAT64 and ISATAP), since nothing here can tell what is behind it.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let within = |&(network, bits): &(Ipv6Addr, u32)| {
        u128::from(address) >> (128 - bits) == u128::from(network) >> (128 - bits)
    };
    let interface = u128::from(address) as u64;
    let is_isatap = (interface >> 32) & !ISATAP_UNIVERSAL_BIT == ISATAP_MARK;
    within(&GLOBAL_UNICAST) && !NOT_PUBLIC_V6.iter().any(within) && !is_isatap
}

/// What development needs: this machine and private networks, but not the metadata services from
/// which cloud machines get their credentials.
pub(super) fn is_private_network(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => {
            address.is_loopback() || (address.is_unique_local() && address != METADATA_V6)
        }
    }
}

/// Networks as first address and prefix length.
const NOT_PUBLIC_V4: [([u8; 4], u32); 17] = [
    ([0, 0, 0, 0], 8),          // this network; Linux connects 0.0.0.0 to itself
    ([10, 0, 0, 0], 8),         // private
    ([100, 64, 0, 0], 10), // between a provider and its customers; some clouds' metadata (100.100.100.200)
    ([127, 0, 0, 0], 8),   // this machine
    ([168, 63, 129, 16], 32), // Azure's, inside its virtual networks
    ([169, 254, 0, 0], 16), // this link; most clouds' metadata (169.254.169.254)
    ([172, 16, 0, 0], 12), // private
    ([192, 0, 0, 0], 24),  // protocol assignments; one cloud's metadata (192.0.0.192)
    ([192, 0, 2, 0], 24),  // documentation
    ([192, 88, 99, 0], 24), // relays of 6to4, deprecated
    ([192, 168, 0, 0], 16), // private
    ([198, 18, 0, 0], 15), // benchmarks
    ([198, 51, 100, 0], 24), // documentation
    ([203, 0, 113, 0], 24), // documentation
    ([224, 0, 0, 0], 4),   // multicast
    ([240, 0, 0, 0], 4),   // reserved
    ([255, 255, 255, 255], 32), // broadcast
];

/// All that was ever assigned for public use. Outside of it are `::`, `::1`, mapped
/// (`::ffff:0:0/96`), compatible (`::/96`), NAT64 (`64:ff9b::/96` and `64:ff9b:1::/48`),
/// discard-only (`100::/64`), segment routing (`5f00::/16`), unique local (`fc00::/7`), link-local
/// (`fe80::/10`), site-local (`fec0::/10`) and multicast (`ff00::/8`).
const GLOBAL_UNICAST: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

const NOT_PUBLIC_V6: [(Ipv6Addr, u32); 4] = [
    // Protocol assignments: Teredo (2001::/32), benchmarks (2001:2::/48), ORCHID (2001:10::/28,
    // 2001:20::/28).
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
    // 6to4.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
];

/// RFC 5214 section 6.1: an interface identifier of `0000:5efe` or `0200:5efe` and an IPv4 address.
const ISATAP_MARK: u64 = 0x0000_5efe;
const ISATAP_UNIVERSAL_BIT: u64 = 0x0200_0000;

/// The metadata service of one cloud, within the unique local addresses.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_internet_is_allowed() {
        for address in PUBLIC {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn nothing_else_is() {
        for address in NOT_PUBLIC {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_v4_address_in_a_v6_one_is_not_reached_whatever_it_is() {
        for v4 in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "8.8.8.8"] {
            let v4: Ipv4Addr = v4.parse().unwrap();
            let [a, b, c, d] = v4.octets();
            let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            for v6 in [
                v4.to_ipv6_mapped(),
                Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
                Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, !high, !low),
                Ipv6Addr::new(0x2606, 0x4700, 0, 0, 0, 0x5efe, high, low),
                Ipv6Addr::new(0x2606, 0x4700, 0, 0, 0x200, 0x5efe, high, low),
            ] {
                assert!(!is_public(v6.into()), "{v6}");
            }
        }
    }

    #[test]
    fn a_refused_network_is_refused_from_its_first_address_to_its_last() {
        for (network, bits) in NOT_PUBLIC_V4 {
            let first = u32::from_be_bytes(network);
            let last = first | u32::MAX.checked_shr(bits).unwrap_or(0);
            for inside in [first, last] {
                assert!(!is_public_v4(inside.into()), "{}", Ipv4Addr::from(inside));
            }
        }
        for (outside, neighbour) in [
            ("1.0.0.0", "0.255.255.255"),
            ("9.255.255.255", "10.0.0.0"),
            ("11.0.0.0", "10.255.255.255"),
            ("100.63.255.255", "100.64.0.0"),
            ("100.128.0.0", "100.127.255.255"),
            ("126.255.255.255", "127.0.0.0"),
            ("128.0.0.0", "127.255.255.255"),
            ("168.63.129.15", "168.63.129.16"),
            ("169.253.255.255", "169.254.0.0"),
            ("169.255.0.0", "169.254.255.255"),
            ("172.15.255.255", "172.16.0.0"),
            ("172.32.0.0", "172.31.255.255"),
            ("192.0.1.0", "192.0.0.255"),
            ("192.167.255.255", "192.168.0.0"),
            ("192.169.0.0", "192.168.255.255"),
            ("198.17.255.255", "198.18.0.0"),
            ("198.20.0.0", "198.19.255.255"),
            ("223.255.255.255", "224.0.0.0"),
        ] {
            assert!(
                is_public(outside.parse().unwrap()) && !is_public(neighbour.parse().unwrap()),
                "{outside} {neighbour}"
            );
        }
    }

    #[test]
    fn development_reaches_private_networks_and_no_metadata() {
        let guard = Guard { private_addresses: true, ..Guard::default() };
        for address in [
            "127.0.0.1:80",
            "10.0.0.1:80",
            "192.168.1.1:80",
            "[::1]:80",
            "[fd12::1]:80",
            "[::ffff:10.0.0.1]:80",
            "8.8.8.8:80",
        ] {
            assert!(guard.permits(address.parse().unwrap()), "{address}");
        }
        for address in [
            "169.254.169.254:80",
            "[fd00:ec2::254]:80",
            "100.100.100.200:80",
            "0.0.0.0:80",
            "[fe80::1]:80",
            "[::ffff:169.254.169.254]:80",
        ] {
            assert!(!guard.permits(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_exception_is_one_address_and_one_port() {
        let guard =
            Guard { exceptions: vec!["127.0.0.1:4433".parse().unwrap()], ..Guard::default() };
        assert!(guard.permits("127.0.0.1:4433".parse().unwrap()));
        for address in ["127.0.0.1:4434", "127.0.0.2:4433", "[::ffff:127.0.0.1]:4433", "[::1]:4433"]
        {
            assert!(!guard.permits(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn this_host_is_not_reached_by_its_public_address_nor_where_it_listens() {
        let own = OwnAddresses::known_as(vec!["8.8.4.4".parse().unwrap()]);
        let guard = Guard { private_addresses: true, own: own.clone(), ..Guard::default() };
        assert!(
            guard.permits("8.8.8.8:443".parse().unwrap())
                && guard.permits("127.0.0.1:8081".parse().unwrap())
        );
        own.listen_at(vec!["0.0.0.0:8080".parse().unwrap(), "127.0.0.1:8081".parse().unwrap()]);

        for address in [
            "8.8.4.4:443",
            "127.0.0.1:8080",
            "127.0.0.1:8081",
            "[::1]:8080",
            "[::ffff:127.0.0.1]:8081",
        ] {
            assert!(!guard.permits(address.parse().unwrap()), "{address}");
        }
        for address in ["8.8.8.8:8080", "10.0.0.1:8081", "127.0.0.1:8082"] {
            assert!(guard.permits(address.parse().unwrap()), "{address}");
        }
    }

    const PUBLIC: [&str; 8] = [
        "1.1.1.1",
        "8.8.8.8",
        "157.240.1.53",
        "203.0.112.255",
        "2001:4860:4860::8888",
        "2606:4700:4700::1111",
        "2a03:2880:f10e:83:face:b00c:0:25de",
        "2003::1",
    ];

    const NOT_PUBLIC: [&str; 44] = [
        "0.0.0.0",
        "0.1.2.3",
        "10.1.2.3",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.1.2.3",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
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
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "100::1",
        "2001::1",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ];
}
