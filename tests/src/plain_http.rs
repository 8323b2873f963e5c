//! HTTP without TLS.

use reqwest::Client;

/// A client of this machine's own listeners that speak plain HTTP. Reading which certificates the
/// machine trusts would take longer than most of the calls.
pub(crate) fn client() -> Client {
    Client::builder().no_proxy().tls_certs_only([]).build().expect("an HTTP client can be made")
}
