//! Where Meta's Graph API is, and how often the host checks keys there.

use std::time::Duration;

use reqwest::Url;

/// Settings for Meta's Graph API.
#[derive(Clone, Debug)]
pub struct GraphConfig {
    /// The API's base URL, including the version.
    pub url: Url,
    /// How often each phone number's key is checked.
    pub check_interval: Duration,
    /// How long one call may take, including its retries.
    pub time_limit: Duration,
}

impl Default for GraphConfig {
    fn default() -> Self {
        let url = Url::parse(GRAPH_URL).expect("the default is a URL");
        Self {
            url,
            check_interval: Duration::from_secs(GRAPH_CHECK_SECONDS.into()),
            time_limit: GRAPH_TIME_LIMIT,
        }
    }
}

/// Reads the API's base URL: https, or plain http to this machine. The access tokens of all tenants
/// are sent there.
pub(super) fn parse_graph_url(text: &str) -> Result<Url, String> {
    let problem =
        || format!("--graph-url {text:?} is not an https:// URL, for example {GRAPH_URL}");
    // An empty variable counts as not set here too.
    let url = Url::parse(if text.is_empty() { GRAPH_URL } else { text }).map_err(|_| problem())?;
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let safe = url.scheme() == "https" || (url.scheme() == "http" && here);
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if safe && plain { Ok(url) } else { Err(problem()) }
}

/// The version that Meta's reference of `whatsapp_business_encryption` shows ("Business Encryption
/// API, Version v23.0"). Meta keeps a version for at least two years; after that this needs a newer
/// one.
pub const GRAPH_URL: &str = "https://graph.facebook.com/v23.0";

/// The default interval of key checks, in seconds.
pub const GRAPH_CHECK_SECONDS: u32 = 600;

/// Meta usually answers in well below a second, and a person is waiting.
const GRAPH_TIME_LIMIT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_travel_encrypted_or_not_at_all() {
        assert_eq!(parse_graph_url("").unwrap(), GraphConfig::default().url);
        for good in [
            GRAPH_URL,
            "https://graph.example.com",
            "http://127.0.0.1:8085/v23.0",
            "http://localhost:1",
            "http://[::1]:1",
        ] {
            assert!(parse_graph_url(good).is_ok(), "{good}");
        }
        for bad in [
            "graph.facebook.com",
            "http://graph.facebook.com/v23.0",
            "ftp://x",
            "https://a:b@x/",
            "https://x/?a=b",
            "https://x/#a",
        ] {
            assert!(parse_graph_url(bad).unwrap_err().contains("--graph-url"), "{bad}");
        }
    }
}
