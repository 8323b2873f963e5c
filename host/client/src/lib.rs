//! Plays the WhatsApp client, with Meta's servers in between, against any Flows data endpoint.
//!
//! The caller passes a payload; it is encrypted, signed and posted as Meta would, and the decrypted
//! reply comes back. Nothing here uses the host's own crypto, so a mistake there cannot hide itself
//! here. A [`Phone`] also says what the user would see of a reply ([`judgement`]), and a
//! [`conversation`] follows the user through a Flow, who may pick files ([`media`]). [`load`] sends
//! many requests, and measures.
//!
//! ```no_run
//! # async fn run(url: &str, public_key_pem: &str, app_secret: &str) -> Result<(), flowhost_client::ClientError> {
//! use flowhost_client::{FlowClient, payload};
//!
//! let client = FlowClient::new(url, public_key_pem, app_secret)?;
//! let reply = client.call(&payload::init("token-1")).await?;
//! assert_eq!(reply.status, 200);
//! # Ok(())
//! # }
//! ```

mod address;
mod carrier;
mod connection;
pub mod conversation;
mod error;
mod handset;
pub mod judgement;
pub mod load;
pub mod media;
pub mod payload;
mod phone;
mod public_key;
mod sealing;
mod signing;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey;
use serde_json::Value;
use tokio::time::timeout;

use self::carrier::Wire;
use self::signing::SigningSecret;

pub use self::carrier::{Carried, Carrier, Carrying};
pub use self::connection::ConnectionFailure;
pub use self::error::ClientError;
pub use self::handset::{Handset, Shows};
pub use self::phone::{Exchange, Phone, signs_tokens};
pub use self::public_key::PublicKeyFlaw;
pub use self::sealing::{SealFlaw, SealedRequest};
pub use reqwest::Url;

/// A WhatsApp client that talks to one endpoint.
///
/// A clone shares the carrier; its `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct FlowClient {
    carrier: Arc<dyn Carrier>,
    endpoint: Url,
    public_key: RsaPublicKey,
    secret: SigningSecret,
}

impl FlowClient {
    /// A client for the endpoint at this full URL.
    ///
    /// `public_key_pem` is the key that was uploaded to Meta for the phone number, `app_secret` is
    /// the Meta app's.
    ///
    /// # Errors
    /// [`ClientError::Endpoint`], [`ClientError::PublicKey`] or [`ClientError::HttpSetup`].
    pub fn new(
        endpoint: &str,
        public_key_pem: &str,
        app_secret: &str,
    ) -> Result<FlowClient, ClientError> {
        let carrier = Arc::new(Wire::to(&parse_endpoint(endpoint)?)?);
        Self::carried_by(carrier, endpoint, public_key_pem, app_secret)
    }

    /// Like [`new`](Self::new), with another way to the endpoint than HTTP. The carrier gets the
    /// URL with each request.
    ///
    /// # Errors
    /// [`ClientError::Endpoint`] or [`ClientError::PublicKey`].
    pub fn carried_by(
        carrier: Arc<dyn Carrier>,
        endpoint: &str,
        public_key_pem: &str,
        app_secret: &str,
    ) -> Result<FlowClient, ClientError> {
        Ok(FlowClient {
            carrier,
            endpoint: parse_endpoint(endpoint)?,
            public_key: parse_public_key(public_key_pem)?,
            secret: SigningSecret::new(app_secret),
        })
    }

    /// The same client for another endpoint, over the same connections.
    ///
    /// # Errors
    /// [`ClientError::Endpoint`].
    pub fn at(mut self, endpoint: &str) -> Result<FlowClient, ClientError> {
        self.endpoint = parse_endpoint(endpoint)?;
        Ok(self)
    }

    /// The same client, signing with this app secret instead.
    pub fn signing_with(mut self, app_secret: &str) -> FlowClient {
        self.secret = SigningSecret::new(app_secret);
        self
    }

    /// The same client, encrypting to this public key instead.
    ///
    /// # Errors
    /// [`ClientError::PublicKey`].
    pub fn encrypting_to(mut self, public_key_pem: &str) -> Result<FlowClient, ClientError> {
        self.public_key = parse_public_key(public_key_pem)?;
        Ok(self)
    }

    /// Sends one payload and opens the reply.
    ///
    /// A status other than 200 and 427 is not an error; its body is ignored.
    ///
    /// # Errors
    /// Those of [`seal`](Self::seal), [`send`](Self::send) and [`SealedRequest::open`];
    /// [`ClientError::EmptyReply`] if a 200 or 427 has no body.
    pub async fn call(&self, payload: &Value) -> Result<Reply, ClientError> {
        let request = self.seal(payload)?;
        let raw = self.send(&request).await?;
        raw.open(&request)
    }

    /// Encrypts a payload under a fresh AES key and IV and signs the result.
    ///
    /// # Errors
    /// [`ClientError::RequestNotJson`] or [`ClientError::Seal`].
    pub fn seal(&self, payload: &Value) -> Result<SealedRequest, ClientError> {
        self.seal_bytes(&serde_json::to_vec(payload).map_err(ClientError::RequestNotJson)?)
    }

    /// Like [`seal`](Self::seal), for a plaintext that need not be JSON.
    ///
    /// # Errors
    /// [`ClientError::Seal`].
    pub fn seal_bytes(&self, plaintext: &[u8]) -> Result<SealedRequest, ClientError> {
        SealedRequest::seal(&self.public_key, plaintext, |body| self.secret.header(body))
    }

    /// Posts exactly these bytes with their signature. Redirects are not followed: Meta does not
    /// accept them as an answer.
    ///
    /// # Errors
    /// [`ClientError::TimedOut`] after [`TIMEOUT`], [`ClientError::ReplyTooLarge`] past
    /// [`MAX_REPLY_BYTES`], else [`ClientError::Transport`].
    pub async fn send(&self, request: &SealedRequest) -> Result<RawReply, ClientError> {
        let started = Instant::now();
        let carried = timeout(TIMEOUT, self.carrier.carry(&self.endpoint, request)).await;
        let Carried { status, body, retry_after, location } =
            carried.map_err(|_| ClientError::TimedOut { seconds: TIMEOUT.as_secs() })??;
        let hint = address::hint(status, &self.endpoint, location.as_deref());
        Ok(RawReply { status, body, retry_after, hint, duration: started.elapsed() })
    }

    /// The JWT over a flow token, signed with the app secret; see
    /// [`payload::with_flow_token_signature`].
    pub fn flow_token_signature(&self, flow_token: &str) -> String {
        self.secret.flow_token_jwt(flow_token)
    }
}

/// What the endpoint answered, decrypted where the protocol seals it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The decrypted JSON; present for 200 and 427, absent for every other status.
    pub payload: Option<Value>,
    /// How long the endpoint asks clients to wait, from a `Retry-After` in seconds.
    pub retry_after: Option<Duration>,
    /// From just before the request was sent until the reply's last byte.
    pub duration: Duration,
}

/// What the endpoint answered, as received.
#[derive(Clone, Debug)]
pub struct RawReply {
    /// The HTTP status.
    pub status: u16,
    /// The body; at most [`MAX_REPLY_BYTES`].
    pub body: Vec<u8>,
    /// How long the endpoint asks clients to wait, from a `Retry-After` in seconds.
    pub retry_after: Option<Duration>,
    /// A hint about the URL, if the status suggests that it is the wrong one.
    pub hint: Option<String>,
    /// From just before the request was sent until the reply's last byte.
    pub duration: Duration,
}

impl RawReply {
    /// Opens the body if the status says that it is sealed (200 and 427); `request` is the request
    /// that this answers.
    ///
    /// # Errors
    /// [`ClientError::EmptyReply`] and those of [`SealedRequest::open`].
    pub fn open(self, request: &SealedRequest) -> Result<Reply, ClientError> {
        let payload = match (self.status, self.body.as_slice()) {
            (status @ (200 | 427), []) => return Err(ClientError::EmptyReply { status }),
            (200 | 427, body) => Some(request.open(body)?),
            _ => None,
        };
        Ok(Reply {
            status: self.status,
            payload,
            retry_after: self.retry_after,
            duration: self.duration,
        })
    }
}

fn parse_endpoint(text: &str) -> Result<Url, ClientError> {
    let refused = |source| ClientError::Endpoint { url: text.to_owned(), source };
    let url = Url::parse(text).map_err(|error| refused(Some(error.into())))?;
    if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(refused(None)) }
}

/// Also accepts a key with `\n` written out as two characters, as environment variables and secret
/// stores mangle it.
fn parse_public_key(pem: &str) -> Result<RsaPublicKey, ClientError> {
    let pem = pem.replace("\\n", "\n");
    RsaPublicKey::from_public_key_pem(pem.trim())
        .map_err(|_| ClientError::PublicKey(PublicKeyFlaw::of(&pem)))
}

/// How long the WhatsApp client waits for a data endpoint: Meta's documented hard time-out of 10 s.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// The largest reply body that is read: 1 MiB. That is four times what the host lets a plugin
/// answer (256 KiB), so that even a reply in base64 and somewhat past that limit arrives whole.
pub const MAX_REPLY_BYTES: usize = 1024 * 1024;

const SIGNATURE_HEADER: &str = "x-hub-signature-256";

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn posts_the_signed_bytes_as_json() {
        let (url, endpoint) =
            endpoint("HTTP/1.1 432 Bad Signature\r\ncontent-length: 0\r\n\r\n".to_owned()).await;
        let client = client(&url);
        let request = client.seal(&payload::ping()).unwrap();

        let reply = client.send(&request).await.unwrap();

        let received = endpoint.await.unwrap();
        let (head, body) = split(&received);
        assert_eq!(reply.status, 432);
        assert!(head.starts_with("POST /flows/acme/booking HTTP/1.1\r\n"));
        assert!(head.contains("content-type: application/json\r\n"));
        assert!(head.contains(&format!("x-hub-signature-256: {}\r\n", request.signature)));
        assert_eq!(body, request.body);
    }

    #[tokio::test]
    async fn a_status_without_a_sealed_body_is_a_reply_without_payload() {
        let answer =
            "HTTP/1.1 429 Too Many Requests\r\nretry-after: 3\r\ncontent-length: 2\r\n\r\nno";
        let (url, _endpoint) = endpoint(answer.to_owned()).await;

        let reply = client(&url).call(&payload::init("token-1")).await.unwrap();

        assert_eq!((reply.status, reply.payload), (429, None));
        assert_eq!(reply.retry_after, Some(Duration::from_secs(3)));
    }

    #[tokio::test]
    async fn refuses_an_empty_body_where_a_sealed_one_is_due() {
        for status in [200, 427] {
            let (url, _endpoint) =
                endpoint(format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n")).await;

            let called = client(&url).call(&payload::ping()).await;

            assert!(
                matches!(called, Err(ClientError::EmptyReply { status: seen }) if seen == status),
                "{called:?}"
            );
        }
    }

    #[tokio::test]
    async fn refuses_a_reply_past_the_cap() {
        let filler = "A".repeat(MAX_REPLY_BYTES + 1);
        let (url, _endpoint) =
            endpoint(format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{filler}")).await;

        let called = client(&url).call(&payload::ping()).await;

        assert!(matches!(called, Err(ClientError::ReplyTooLarge { limit: MAX_REPLY_BYTES })));
    }

    #[tokio::test]
    async fn does_not_follow_a_redirect() {
        let answer =
            "HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n";
        let (url, _endpoint) = endpoint(answer.to_owned()).await;

        let client = client(&url);
        let reply = client.send(&client.seal(&payload::ping()).unwrap()).await.unwrap();

        assert_eq!(reply.status, 307);
        assert!(reply.hint.unwrap().starts_with("it sends on to http://127.0.0.1:9/"));
    }

    #[test]
    fn refuses_what_is_no_endpoint_and_what_is_no_key() {
        let refused = |url: &str| FlowClient::new(url, PUBLIC_KEY, "secret").map(|_| ());
        assert!(matches!(
            refused("acme/booking"),
            Err(ClientError::Endpoint { source: Some(_), .. })
        ));
        assert!(matches!(
            refused("ftp://example.com/"),
            Err(ClientError::Endpoint { source: None, .. })
        ));
        let ec = FlowClient::new("http://localhost/", "-----BEGIN NOTHING-----", "secret");
        assert!(matches!(ec, Err(ClientError::PublicKey(_))));
    }

    #[test]
    fn takes_a_key_with_its_newlines_written_out() {
        assert!(parse_public_key(&PUBLIC_KEY.replace('\n', "\\n")).is_ok());
        assert!(parse_public_key(&PUBLIC_KEY.replace('\n', "\r\n")).is_ok());
        assert!(parse_public_key(PUBLIC_KEY.trim()).is_ok());
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", client("http://localhost/").signing_with("hunter2"));

        assert!(shown.contains("SigningSecret(..)"));
        assert!(!shown.contains("hunter2"));
    }

    fn client(url: &str) -> FlowClient {
        FlowClient::new(url, PUBLIC_KEY, "secret").unwrap()
    }

    /// Answers one request with these bytes; the task returns what it received.
    async fn endpoint(answer: String) -> (String, tokio::task::JoinHandle<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/flows/acme/booking", listener.local_addr().unwrap());
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let received = read_request(&mut stream).await;
            // The peer may hang up in the middle of an answer that it refuses.
            let _ = stream.write_all(answer.as_bytes()).await;
            received
        });
        (url, served)
    }

    async fn read_request(stream: &mut TcpStream) -> Vec<u8> {
        let mut received = Vec::new();
        while !is_complete(&received) {
            assert_ne!(
                stream.read_buf(&mut received).await.unwrap(),
                0,
                "the client hung up early"
            );
        }
        received
    }

    fn is_complete(received: &[u8]) -> bool {
        let text = String::from_utf8_lossy(received);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        body.len() >= length.map_or(0, |length| length.parse().unwrap())
    }

    fn split(received: &[u8]) -> (String, Vec<u8>) {
        let text = String::from_utf8(received.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (format!("{head}\r\n"), body.as_bytes().to_vec())
    }

    const PUBLIC_KEY: &str = include_str!("../../../tests/fixtures/vectors/keys/public.pem");
}
