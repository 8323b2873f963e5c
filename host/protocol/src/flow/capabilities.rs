//! What a plugin may reach outside its sandbox. Its manifest asks, the flow's settings grant, and
//! it gets what both name.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Capabilities, requested or granted. Settings (`config`) and `log` need no grant, since they
/// reach nobody outside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Capabilities {
    /// Hosts and ports to send requests to.
    // A host that is named twice is named.
    #[schemars(with = "Vec<HttpHost>")]
    pub http: BTreeSet<HttpHost>,
    /// Whether it may keep values that outlive a session.
    pub store: bool,
    /// Whether it may fetch the user's files.
    pub media: bool,
}

impl Capabilities {
    /// The capabilities that `others` lacks.
    pub fn without(&self, others: &Self) -> Self {
        Self {
            http: self.http.difference(&others.http).cloned().collect(),
            store: self.store && !others.store,
            media: self.media && !others.media,
        }
    }

    /// These capabilities and `others`.
    #[must_use]
    pub fn with(mut self, others: Self) -> Self {
        self.http.extend(others.http);
        self.store |= others.store;
        self.media |= others.media;
        self
    }

    /// The capabilities of both.
    pub fn in_common_with(&self, others: &Self) -> Self {
        Self {
            http: self.http.intersection(&others.http).cloned().collect(),
            store: self.store && others.store,
            media: self.media && others.media,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// As a person would list them: `http api.example.com:443, store`.
impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let http = self.http.iter().map(|host| format!("http {host}"));
        let store = self.store.then(|| "store".to_owned());
        let media = self.media.then(|| "media".to_owned());
        let all: Vec<_> = http.chain(store).chain(media).collect();
        f.write_str(if all.is_empty() { "nothing" } else { "" })?;
        f.write_str(&all.join(", "))
    }
}

/// A host and a port, as `api.example.com:443`. In text the port may be left out and is then 443.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(into = "String", try_from = "String")]
pub struct HttpHost {
    host: String,
    port: u16,
}

impl HttpHost {
    /// The host's name: lower-case letters, digits, `-` and `.`, never an address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, never 0.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// A text is not a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a host is a DNS name with or without a port, such as api.example.com or api.example.com:8443: no scheme, path, address or wildcard, and names of other alphabets as xn--.."
)]
pub struct HttpHostError;

impl FromStr for HttpHost {
    type Err = HttpHostError;

    fn from_str(text: &str) -> Result<Self, HttpHostError> {
        let (host, port) = match text.split_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                (host, port.parse().map_err(|_| HttpHostError)?)
            }
            Some(_) => return Err(HttpHostError),
            None => (text, HTTPS_PORT),
        };
        let host = host.to_ascii_lowercase();
        let labels: Vec<_> = host.split('.').collect();
        // URLs write an address with a last label of digits only (WHATWG URL, "ends in a number"),
        // whatever stands before it.
        let is_address = labels.last().is_some_and(|last| is_number(last));
        let well_formed =
            host.len() <= MAX_NAME_BYTES && labels.iter().all(|label| is_label(label));
        if port == 0 || is_address || !well_formed {
            Err(HttpHostError)
        } else {
            Ok(Self { host, port })
        }
    }
}

/// RFC 1123 section 2.1.
fn is_label(label: &str) -> bool {
    let ends_well = |end: Option<char>| end.is_some_and(|end| end.is_ascii_alphanumeric());
    label.len() <= MAX_LABEL_BYTES
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && ends_well(label.chars().next())
        && ends_well(label.chars().last())
}

fn is_number(label: &str) -> bool {
    label.bytes().all(|byte| byte.is_ascii_digit())
        || label
            .strip_prefix("0x")
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

impl TryFrom<String> for HttpHost {
    type Error = HttpHostError;

    fn try_from(text: String) -> Result<Self, HttpHostError> {
        text.parse()
    }
}

impl From<HttpHost> for String {
    fn from(host: HttpHost) -> Self {
        host.to_string()
    }
}

impl fmt::Display for HttpHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

const HTTPS_PORT: u16 = 443;

/// RFC 1035 section 2.3.4.
const MAX_NAME_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_with_a_port() {
        for (text, host) in [
            ("api.example.com", "api.example.com:443"),
            ("API.Example.com:8443", "api.example.com:8443"),
            ("localhost:80", "localhost:80"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example:443"),
            ("0x7g.0x7z:65535", "0x7g.0x7z:65535"),
        ] {
            let parsed: HttpHost = text.parse().unwrap();
            assert_eq!(parsed.to_string(), host);
            assert_eq!(format!("{}:{}", parsed.host(), parsed.port()), host);
            assert_eq!(serde_json::to_string(&parsed).unwrap(), format!("\"{host}\""));
        }
    }

    #[test]
    fn what_names_no_host_or_too_many_is_refused() {
        for text in [
            "",
            ":443",
            "api.example.com:",
            "api.example.com:0",
            "api.example.com:65536",
            "api.example.com:+80",
            "*.example.com",
            "https://api.example.com",
            "api.example.com/",
            "user@api.example.com",
            "api.example.com.",
            "a..b",
            "-a.com",
            "a-.com",
            "a_b.com",
            "10.0.0.1",
            "2130706433",
            "0x7f000001",
            "127.1",
            "a.0x7f",
            "[::1]",
            "::1",
            "bücher.example",
            "a b",
        ] {
            assert_eq!(text.parse::<HttpHost>(), Err(HttpHostError), "{text}");
        }
        assert!(format!("{}.com", "a".repeat(63)).parse::<HttpHost>().is_ok());
        assert!(format!("{}.com", "a".repeat(64)).parse::<HttpHost>().is_err());
        assert!(["a"; 127].join(".").parse::<HttpHost>().is_ok());
        assert!(["a"; 128].join(".").parse::<HttpHost>().is_err());
    }

    #[test]
    fn differences_and_intersections_are_by_name_and_port() {
        let asked = capabilities(r#"{"http":["a.com","b.com:80"],"store":true}"#);
        let granted = capabilities(r#"{"http":["a.com:443","b.com"],"media":true}"#);

        assert_eq!(asked.without(&granted), capabilities(r#"{"http":["b.com:80"],"store":true}"#));
        assert_eq!(asked.in_common_with(&granted), capabilities(r#"{"http":["a.com"]}"#));
        assert_eq!(asked.to_string(), "http a.com:443, http b.com:80, store");
        assert_eq!(Capabilities::default().to_string(), "nothing");
        assert!(!asked.is_empty() && asked.without(&asked).is_empty());
    }

    #[test]
    fn all_and_nothing_have_in_common_what_both_have() {
        let all = capabilities(r#"{"http":["a.com"],"store":true,"media":true}"#);
        let none = Capabilities::default();

        assert_eq!(all.to_string(), "http a.com:443, store, media");
        assert_eq!((all.without(&none), all.without(&all)), (all.clone(), none.clone()));
        assert_eq!((none.without(&all), none.without(&none)), (none.clone(), none.clone()));
        assert_eq!(all.in_common_with(&all), all);
        assert!(all.in_common_with(&none).is_empty() && none.in_common_with(&all).is_empty());
    }

    #[test]
    fn an_unknown_capability_is_an_error_that_names_it() {
        let error = serde_json::from_str::<Capabilities>(r#"{"files":true}"#).unwrap_err();
        assert!(error.to_string().contains("files"));
    }

    fn capabilities(json: &str) -> Capabilities {
        serde_json::from_str(json).unwrap()
    }
}
