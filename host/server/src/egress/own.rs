//! The addresses of this host itself: a plugin must not bypass the public listener to reach what is
//! behind it.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use nix::ifaddrs::getifaddrs;

/// This host's addresses: those of the machine's interfaces, its listeners, and what the operator
/// adds.
#[derive(Clone, Debug, Default)]
pub struct OwnAddresses {
    /// Addresses and names by which it is known outside. No interface has the address of a load
    /// balancer or a NAT in front.
    given: Vec<OwnAddress>,
    listeners: Arc<OnceLock<Vec<SocketAddr>>>,
}

/// An address or a name of this host that the operator gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnAddress {
    /// An address.
    Address(IpAddr),
    /// A name, in lower case.
    Name(String),
}

impl OwnAddresses {
    /// A host that is also known by `given`.
    pub fn known_as(given: Vec<OwnAddress>) -> Self {
        Self { given, ..Self::default() }
    }

    /// Sets where the host listens, once it does.
    pub(crate) fn listen_at(&self, listeners: Vec<SocketAddr>) {
        // Only the first call counts.
        let _ = self.listeners.set(listeners);
    }

    /// Whether a listener of this host is there, by whatever address of this machine.
    pub(super) fn listens_at(&self, address: SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        let mut listeners = self.listeners.get().into_iter().flatten();
        let port = listeners.any(|listener| listener.port() == address.port());
        port && (ip.is_loopback() || ip.is_unspecified() || is_of_an_interface(ip))
    }

    /// Whether this is an address of the host.
    pub(super) fn include(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.given.contains(&OwnAddress::Address(address)) || is_of_an_interface(address)
    }

    /// Whether this is a name of the host.
    pub(super) fn are_called(&self, name: &str) -> bool {
        let name = name.trim_end_matches('.');
        self.given
            .iter()
            .any(|own| matches!(own, OwnAddress::Name(own) if own.eq_ignore_ascii_case(name)))
    }
}

impl FromStr for OwnAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return Ok(Self::Address(address.to_canonical()));
        }
        let name = text.trim_end_matches('.').to_ascii_lowercase();
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let labels = || {
            name.split('.')
                .all(|label| (1..=63).contains(&label.len()) && label.bytes().all(letters))
        };
        if name.len() <= 253 && labels() {
            Ok(Self::Name(name))
        } else {
            Err(format!("{text:?} is neither an address nor the name of a host"))
        }
    }
}

/// Whether an interface of this machine has the address. Read anew each time, since addresses come
/// and go. If the interfaces cannot be read, every address counts as the machine's.
fn is_of_an_interface(address: IpAddr) -> bool {
    let Ok(mut interfaces) = getifaddrs() else { return true };
    interfaces.any(|interface| {
        let Some(own) = interface.address else { return false };
        let v4 = own.as_sockaddr_in().map(|own| IpAddr::V4(own.ip()));
        v4.or_else(|| own.as_sockaddr_in6().map(|own| IpAddr::V6(own.ip()))) == Some(address)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_own_interfaces_are_known() {
        assert!(is_of_an_interface("127.0.0.1".parse().unwrap()));
        assert!(!is_of_an_interface("8.8.8.8".parse().unwrap()));
        assert!(
            OwnAddresses::default().include("::ffff:127.0.0.1".parse().unwrap()),
            "without a word of the operator's"
        );
    }

    #[test]
    fn an_operator_names_addresses_and_names() {
        let own = |text: &str| text.parse::<OwnAddress>();
        assert_eq!(own("::ffff:8.8.8.8"), own("8.8.8.8"));
        assert_eq!(own("[2606:4700::1]"), Ok(OwnAddress::Address("2606:4700::1".parse().unwrap())));
        assert_eq!(own("Flows.Example.COM."), Ok(OwnAddress::Name("flows.example.com".to_owned())));
        for nonsense in
            ["", ".", "https://flows.example.com", "flows.example.com:443", "a b", "a..b"]
        {
            assert!(own(nonsense).is_err(), "{nonsense}");
        }
    }
}
