//! Where a request may go, by its URL. This is checked for the first URL and for each redirect. The
//! address behind the name is checked when connecting.

use url::Url;

use super::OutboundError;
use flowhost_protocol::flow::{Capabilities, HttpHost};

/// The granted host that a URL names. Plain http is allowed for granted ports other than 443: a
/// grant of `host:80` means it.
pub fn granted_host(url: &Url, allowed: &Capabilities) -> Result<HttpHost, OutboundError> {
    let bad = |why: &str| Err(OutboundError::BadRequest(why.to_owned()));
    if !matches!(url.scheme(), "http" | "https") {
        return bad("the URL's scheme is not https");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return bad(
            "the URL has a user name or a password: send the header `authorization` instead",
        );
    }
    let Some(url::Host::Domain(name)) = url.host() else {
        return Err(OutboundError::NotGranted(
            "the URL names an address; only hosts can be granted, by their names".to_owned(),
        ));
    };
    let named = format!("{name}:{}", url.port_or_known_default().unwrap_or_default());
    let host = named.parse().ok().filter(|host: &HttpHost| allowed.http.contains(host));
    match host {
        None => Err(OutboundError::NotGranted(not_granted(
            named.strip_suffix(":443").unwrap_or(&named),
        ))),
        Some(host) if url.scheme() == "http" && host.port() == HTTPS_PORT => {
            bad("port 443 is for https")
        }
        Some(host) => Ok(host),
    }
}

/// What to type, as the SDKs say it of the store.
fn not_granted(host: &str) -> String {
    format!(
        "the plugin may not send requests to {host}: ask for it in flowhost.toml (http = [\"{host}\"] in [requests]) and \
         grant it in the flow's settings (flowhost flow grant TENANT FLOW --http {host})"
    )
}

const HTTPS_PORT: u16 = 443;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_granted_is_allowed_however_it_is_written() {
        for (url, host) in [
            ("https://api.example.com", "api.example.com:443"),
            ("https://API.Example.COM:443/a?b=c", "api.example.com:443"),
            ("https://%61pi.example.com/", "api.example.com:443"),
            ("https://api.example.com:8443/", "api.example.com:8443"),
            ("http://api.example.com/", "api.example.com:80"),
            ("https://b\u{fc}cher.example/", "xn--bcher-kva.example:443"),
        ] {
            assert_eq!(check(url).unwrap(), host, "{url}");
        }
    }

    #[test]
    fn other_hosts_ports_and_names_for_addresses_are_not_granted() {
        for (url, named) in [
            ("https://evil.example.com/", "requests to evil.example.com: ask"),
            ("https://api.example.com.evil.example/", "to api.example.com.evil.example: ask"),
            ("https://api.example.com:444/", "api.example.com:444"),
            ("https://api.example.com:80443x/", ""),
            ("https://api.example.com./", "to api.example.com.: ask"),
            ("https://localhost/", "to localhost: ask"),
            ("https://127.0.0.1/", "address"),
            ("https://2130706433/", "address"),
            ("https://0x7f000001/", "address"),
            ("https://0177.0.0.1/", "address"),
            ("https://127.1/", "address"),
            ("https://[::1]/", "address"),
            ("https://[::ffff:127.0.0.1]/", "address"),
            ("https://[64:ff9b::7f00:1]/", "address"),
            ("https://\u{ff11}\u{ff12}\u{ff17}.0.0.1/", "address"),
            ("https://127.0.0.1./", "address"),
        ] {
            match Url::parse(url) {
                Ok(_) => {
                    assert!(check(url).unwrap_err().contains(named), "{url}: {:?}", check(url))
                }
                Err(_) => assert_eq!(named, "", "{url}"),
            }
        }
    }

    #[test]
    fn a_request_without_a_grant_is_told_what_to_type() {
        let told = check("https://api.example.com:444/").unwrap_err();

        assert!(told.contains("http = [\"api.example.com:444\"] in [requests]"), "{told}");
        assert!(told.contains("flow grant TENANT FLOW --http api.example.com:444"), "{told}");
    }

    #[test]
    fn other_schemes_and_user_info_are_no_requests() {
        for (url, named) in [
            ("ftp://api.example.com/", "scheme"),
            ("file:///etc/passwd", "scheme"),
            ("data:,x", "scheme"),
            ("https://user@api.example.com/", "user name"),
            ("https://:secret@api.example.com/", "password"),
            ("https://api.example.com@evil.example.com/", "user name"),
            ("http://api.example.com:443/", "443"),
        ] {
            assert!(check(url).unwrap_err().contains(named), "{url}: {:?}", check(url));
        }
    }

    fn check(url: &str) -> Result<String, String> {
        let granted = [
            "api.example.com:443",
            "api.example.com:80",
            "api.example.com:8443",
            "xn--bcher-kva.example",
        ];
        let http = granted.iter().map(|host| host.parse().unwrap()).collect();
        let allowed = Capabilities { http, ..Capabilities::default() };
        let host = granted_host(&Url::parse(url).map_err(|error| error.to_string())?, &allowed);
        host.map(|host| host.to_string()).map_err(|error| error.to_string())
    }
}
