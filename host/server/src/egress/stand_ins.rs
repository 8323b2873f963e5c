//! Servers on a developer's machine that answer in the place of others. Only `flowhost dev` has any:
//! a host in production is configured without this.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderValue;
use reqwest::{Client, Url};

use super::guard::is_private_network;
use flowhost_protocol::flow::HttpHost;

/// Which server answers in the place of which host. The host's name stays: it is what the plugin is
/// granted, what its secrets are bound to, and what the server reads in `Host`.
#[derive(Clone, Debug, Default)]
pub struct StandIns(HashMap<HttpHost, Server>);

#[derive(Clone, Copy, Debug)]
struct Server {
    /// Plain http otherwise. Secrets are sent there all the same, since it is this machine or one
    /// nearby.
    tls: bool,
    address: SocketAddr,
}

/// One host and the server in its place: `api.example.com=http://127.0.0.1:9000`.
#[derive(Clone, Debug)]
pub struct StandIn(HttpHost, Server);

/// A text is no [`StandIn`].
#[derive(Debug, thiserror::Error)]
#[error(
    "not HOST=URL, such as api.example.com=http://127.0.0.1:9000: the URL is http or https, with an address of this machine or of a private \
     network and without a path"
)]
pub struct StandInError;

impl StandIn {
    /// The host that is replaced.
    pub fn host(&self) -> &HttpHost {
        &self.0
    }
}

impl FromStr for StandIn {
    type Err = StandInError;

    fn from_str(text: &str) -> Result<Self, StandInError> {
        let (host, url) = text.split_once('=').ok_or(StandInError)?;
        let host = host.trim().parse().map_err(|_| StandInError)?;
        let url = Url::parse(url.trim()).map_err(|_| StandInError)?;
        let ip = match url.host() {
            Some(url::Host::Ipv4(address)) => address.into(),
            Some(url::Host::Ipv6(address)) => address.into(),
            Some(url::Host::Domain("localhost")) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            _ => return Err(StandInError),
        };
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let has_user = !url.username().is_empty() || url.password().is_some();
        match (url.scheme(), url.port_or_known_default()) {
            (scheme @ ("http" | "https"), Some(port))
                if is_bare && !has_user && is_private_network(ip) =>
            {
                let server = Server { tls: scheme == "https", address: SocketAddr::new(ip, port) };
                Ok(Self(host, server))
            }
            _ => Err(StandInError),
        }
    }
}

impl FromIterator<StandIn> for StandIns {
    fn from_iter<T: IntoIterator<Item = StandIn>>(all: T) -> Self {
        Self(all.into_iter().map(|StandIn(host, server)| (host, server)).collect())
    }
}

/// `api.example.com:443=http://127.0.0.1:9000`, by the hosts' names; empty if there are none.
impl fmt::Display for StandIns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = self.0.iter().map(|(host, Server { tls, address })| {
            format!("{host}={}://{address}", if *tls { "https" } else { "http" })
        });
        let mut all: Vec<_> = each.collect();
        all.sort();
        f.write_str(&all.join(", "))
    }
}

/// Servers in the place of others, with the clients for those that speak TLS.
pub(super) struct StandInClients(HashMap<HttpHost, (Server, Option<Client>)>);

/// How a request reaches a server in the place of another.
pub(super) struct InItsPlace<'a> {
    /// Where it goes.
    pub(super) url: Url,
    /// What the server reads in `Host`.
    pub(super) host: HeaderValue,
    /// What sends it, if not what sends others.
    pub(super) client: Option<&'a Client>,
}

impl StandInClients {
    /// Makes a client for each server that speaks TLS. The name stays in its URL, since the
    /// certificate is for it, so only the look-up leads elsewhere; and a look-up knows no port. In a
    /// client of its own it leads no other request there.
    pub(super) fn new(
        StandIns(servers): StandIns,
        client: impl Fn(NearbyServer) -> reqwest::Result<Client>,
    ) -> reqwest::Result<Self> {
        let each = servers.into_iter().map(|(host, server)| {
            let client = server.tls.then(|| client(NearbyServer(server.address.ip()))).transpose();
            Ok::<_, reqwest::Error>((host, (server, client?)))
        });
        each.collect::<reqwest::Result<_>>().map(Self)
    }

    /// How a request to this URL goes instead. `None` if nobody stands in.
    pub(super) fn of(&self, url: &Url) -> Option<InItsPlace<'_>> {
        let name = url.host_str()?;
        let host = format!("{name}:{}", url.port_or_known_default()?).parse().ok()?;
        let (server, client) = self.0.get(&host)?;
        let mut target = url.clone();
        target.set_scheme(if server.tls { "https" } else { "http" }).ok()?;
        if !server.tls {
            target.set_ip_host(server.address.ip()).ok()?;
        }
        target.set_port(Some(server.address.port())).ok()?;
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        let host = HeaderValue::from_str(&format!("{name}{port}")).ok()?;
        Some(InItsPlace { url: target, host, client: client.as_ref() })
    }
}

/// Resolves every name to the address of one server.
pub(super) struct NearbyServer(IpAddr);

impl Resolve for NearbyServer {
    fn resolve(&self, _: Name) -> Resolving {
        let address = SocketAddr::new(self.0, 0);
        Box::pin(async move { Ok(Box::new(std::iter::once(address)) as Addrs) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_is_nearby_and_a_server_only() {
        for refused in [
            "api.example.com",
            "api.example.com=127.0.0.1:9000",
            "api.example.com=ftp://127.0.0.1",
            "api.example.com=http://8.8.8.8:9000",
            "api.example.com=http://169.254.169.254",
            "api.example.com=http://other.example.com",
            "api.example.com=http://127.0.0.1:9000/v1",
            "api.example.com=http://ana:pw@127.0.0.1:9000",
            "127.0.0.1=http://127.0.0.1:9000",
        ] {
            assert!(refused.parse::<StandIn>().is_err(), "{refused}");
        }
        for taken in ["localhost:9000", "[::1]:9000", "192.168.1.7", "127.0.0.1:9000/"] {
            assert!(
                format!("api.example.com=http://{taken}").parse::<StandIn>().is_ok(),
                "{taken}"
            );
        }
    }

    #[test]
    fn the_name_stays_in_host_and_with_tls_in_the_url() {
        let stand_ins: StandIns =
            ["plain.example.com=http://127.0.0.1:9000", "tls.example.com:8443=https://[::1]:9001"]
                .iter()
                .map(|text| text.parse::<StandIn>().unwrap())
                .collect();
        let stand_ins = StandInClients::new(stand_ins, |_| Ok(Client::new())).unwrap();
        let instead = |url: &str| {
            let InItsPlace { url, host, client } = stand_ins.of(&url.parse().unwrap())?;
            assert_eq!(client.is_some(), url.scheme() == "https");
            Some((url.to_string(), host.to_str().unwrap().to_owned()))
        };

        assert_eq!(
            instead("https://plain.example.com/v1?day=1"),
            Some(("http://127.0.0.1:9000/v1?day=1".to_owned(), "plain.example.com".to_owned()))
        );
        assert_eq!(
            instead("https://tls.example.com:8443/"),
            Some(("https://tls.example.com:9001/".to_owned(), "tls.example.com:8443".to_owned()))
        );
        assert_eq!(
            instead("http://tls.example.com:8443/"),
            instead("https://tls.example.com:8443/")
        );
        for other in [
            "https://plain.example.com:8443/",
            "https://tls.example.com/",
            "https://x.example.com/",
        ] {
            assert_eq!(instead(other), None, "{other}");
        }
    }
}
