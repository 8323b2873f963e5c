//! The way from a client to its endpoint. It is HTTP, unless the caller has another one: a host that
//! plays a phone hands the request to its own listener's code.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use reqwest::{Client, Response, redirect};

use super::{
    ClientError, ConnectionFailure, MAX_REPLY_BYTES, SIGNATURE_HEADER, SealedRequest, TIMEOUT,
};

/// Brings requests to an endpoint.
pub trait Carrier: fmt::Debug + Send + Sync {
    /// Posts exactly these bytes with their signature, and brings back the answer. Dropping it gives
    /// the answer up. It need not watch the time: the client does.
    ///
    /// # Errors
    /// [`ClientError::ReplyTooLarge`] past [`MAX_REPLY_BYTES`], else [`ClientError::Transport`].
    fn carry<'a>(&'a self, endpoint: &'a Url, request: &'a SealedRequest) -> Carrying<'a>;
}

/// A request that is on its way.
pub type Carrying<'a> = Pin<Box<dyn Future<Output = Result<Carried, ClientError>> + Send + 'a>>;

/// What came back.
#[derive(Clone, Debug)]
pub struct Carried {
    /// The HTTP status.
    pub status: u16,
    /// The body; at most [`MAX_REPLY_BYTES`].
    pub body: Vec<u8>,
    /// How long the endpoint asks clients to wait, from a `Retry-After` in seconds.
    pub retry_after: Option<Duration>,
    /// Where a redirect leads to, as the answer has it.
    pub location: Option<String>,
}

/// HTTP to wherever the endpoint is.
#[derive(Debug)]
pub(super) struct Wire(Client);

impl Wire {
    /// Makes connections for this endpoint.
    ///
    /// # Errors
    /// [`ClientError::HttpSetup`].
    pub(super) fn to(endpoint: &Url) -> Result<Self, ClientError> {
        let mut builder = Client::builder().redirect(redirect::Policy::none());
        if is_loopback(endpoint) {
            // A proxy from the environment could not reach this machine's own listeners.
            builder = builder.no_proxy();
        }
        builder.build().map(Self).map_err(ClientError::HttpSetup)
    }

    async fn post(&self, endpoint: &Url, request: &SealedRequest) -> Result<Carried, ClientError> {
        let response = self
            .0
            .post(endpoint.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(SIGNATURE_HEADER, &request.signature)
            .body(request.body.clone())
            .send()
            .await
            .map_err(transport)?;
        let (status, retry_after) = (response.status().as_u16(), parse_retry_after(&response));
        let location = response
            .headers()
            .get(LOCATION)
            .map(|to| String::from_utf8_lossy(to.as_bytes()).into_owned());
        Ok(Carried { status, body: read_capped(response).await?, retry_after, location })
    }
}

impl Carrier for Wire {
    fn carry<'a>(&'a self, endpoint: &'a Url, request: &'a SealedRequest) -> Carrying<'a> {
        Box::pin(self.post(endpoint, request))
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn parse_retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

async fn read_capped(mut response: Response) -> Result<Vec<u8>, ClientError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(transport)? {
        if body.len() + chunk.len() > MAX_REPLY_BYTES {
            return Err(ClientError::ReplyTooLarge { limit: MAX_REPLY_BYTES });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn transport(error: reqwest::Error) -> ClientError {
    if error.is_timeout() {
        return ClientError::TimedOut { seconds: TIMEOUT.as_secs() };
    }
    ClientError::Transport(ConnectionFailure::of(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_reached_without_a_proxy() {
        for (url, expected) in [
            ("http://localhost:8080/", true),
            ("http://127.0.0.1/flows/a/b", true),
            ("http://[::1]:8080/", true),
            ("https://flows.example.com/", false),
            ("http://10.0.0.1/", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
