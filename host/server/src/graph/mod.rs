//! A client of Meta's Graph API for the one thing that a host does there: the public key that a
//! phone number's clients encrypt to (`protocol.md` section 7).
//!
//! Invariants: the access token goes only to the configured host (no redirects, no proxy), and
//! never into an error, a log or a `Debug` output, even where Meta repeats it; at most 64 KiB of an
//! answer are read; every call ends within a time limit.

mod access_token;
mod answer;
mod error;

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, Url};
use tokio::time::Instant;

pub(crate) use access_token::{AccessToken, InvalidAccessToken};
pub(crate) use answer::PublicKeyAtMeta;
pub(crate) use error::{GraphError, Refusal};

use flowhost_protocol::ids::PhoneNumberId;

/// A client of the Graph API.
#[derive(Clone, Debug)]
pub struct Graph {
    http: Client,
    base: Url,
    time_limit: Duration,
    retries: usize,
}

impl Graph {
    /// A client of the API at `base`, which ends with the API's version. A call takes at most
    /// `time_limit`, including its retries. There are up to three, for the case that Meta can't be
    /// reached or reports a temporary error.
    pub fn new(base: Url, time_limit: Duration) -> Result<Self, GraphError> {
        let http = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIME)
            .user_agent(concat!("flowhost/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(GraphError::Client)?;
        Ok(Self { http, base, time_limit, retries: RETRIES })
    }

    /// The same client without retries, for callers that come back by themselves.
    pub(crate) fn without_retries(&self) -> Self {
        Self { retries: 0, ..self.clone() }
    }

    /// Makes `pem` (SPKI) the public key that clients encrypt to in flows of the phone number. Meta
    /// signs it.
    pub(crate) async fn upload_public_key(
        &self,
        token: &AccessToken,
        of: &PhoneNumberId,
        pem: &str,
    ) -> Result<(), GraphError> {
        let form = serde_urlencoded::to_string([("business_public_key", pem)])
            .map_err(|_| GraphError::NotUnderstood)?;
        let call = || {
            let request = self.http.post(self.encryption_url(of)).header(CONTENT_TYPE, FORM);
            request.body(form.clone())
        };
        answer::parse_success(&self.call(token, call).await?)
    }

    /// The public key that Meta has for the phone number, if any.
    pub async fn public_key(
        &self,
        token: &AccessToken,
        of: &PhoneNumberId,
    ) -> Result<Option<PublicKeyAtMeta>, GraphError> {
        let mut url = self.encryption_url(of);
        // Some versions of the API leave the key itself out unless they are asked for it.
        url.query_pairs_mut()
            .append_pair("fields", "business_public_key,business_public_key_signature_status");
        answer::parse_public_key(&self.call(token, || self.http.get(url.clone())).await?)
    }

    fn encryption_url(&self, of: &PhoneNumberId) -> Url {
        let mut url = self.base.clone();
        let path = format!(
            "{}/{}/whatsapp_business_encryption",
            url.path().trim_end_matches('/'),
            of.as_str()
        );
        url.set_path(&path);
        url
    }

    /// Sends a request until it is answered or refused for good, or until the time is up. Returns
    /// the body of the answer.
    async fn call(
        &self,
        token: &AccessToken,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Vec<u8>, GraphError> {
        let give_up = Instant::now() + self.time_limit;
        let back_off = ExponentialBuilder::new()
            .with_min_delay(FIRST_PAUSE)
            .with_jitter()
            .with_max_times(self.retries);
        let attempt = || {
            let time = give_up.saturating_duration_since(Instant::now()).min(self.time_limit / 2);
            let request = request().bearer_auth(token.expose()).timeout(time);
            async move {
                let response = request.send().await.map_err(GraphError::of_transport)?;
                let status = response.status().as_u16();
                let succeeded = response.status().is_success();
                let body = read(response).await?;
                if succeeded { Ok(body) } else { Err(answer::parse_refusal(status, &body, token)) }
            }
        };
        attempt.retry(back_off).when(|error| error.is_retryable() && Instant::now() < give_up).await
    }
}

/// Reads a body of up to [`MAX_ANSWER_BYTES`].
async fn read(mut response: Response) -> Result<Vec<u8>, GraphError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(GraphError::of_transport)? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(GraphError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

const FORM: &str = "application/x-www-form-urlencoded";

/// A key and a status take 600 bytes.
const MAX_ANSWER_BYTES: usize = 64 << 10;

const CONNECT_TIME: Duration = Duration::from_secs(3);

/// After the first try, with pauses of 200 ms to 1.6 s between them.
const RETRIES: usize = 3;

const FIRST_PAUSE: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_s_url_lies_below_the_base() {
        for base in ["https://graph.facebook.com/v23.0", "https://graph.facebook.com/v23.0/"] {
            let graph = Graph::new(Url::parse(base).unwrap(), Duration::from_secs(1)).unwrap();
            assert_eq!(
                graph.encryption_url(&"106540352242922".parse().unwrap()).as_str(),
                "https://graph.facebook.com/v23.0/106540352242922/whatsapp_business_encryption"
            );
        }
    }

    #[tokio::test]
    async fn an_error_names_neither_token_nor_url() {
        let graph =
            Graph::new(Url::parse("http://127.0.0.1:1/v23.0").unwrap(), Duration::from_secs(1))
                .unwrap();
        let token = AccessToken::parse("recognisable-token").unwrap();

        let error = graph
            .without_retries()
            .public_key(&token, &"106540352242922".parse().unwrap())
            .await
            .unwrap_err();

        assert!(matches!(error, GraphError::Unreachable(_)), "{error:?}");
        let shown = format!("{error} {error:?} {graph:?} {token:?}");
        assert!(!shown.contains("recognisable") && !shown.contains("106540352242922"), "{shown}");
    }
}
