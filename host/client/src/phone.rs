//! A phone: it asks, asks once more if a 421 says that its key is old, and judges the answer.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use flowhost_flow_json::FlowJson;

use super::judgement::{Judgement, Outcome, RequestKind};
use super::{ClientError, FlowClient, SealedRequest, payload};

/// A phone that talks to one endpoint.
#[derive(Clone, Debug)]
pub struct Phone {
    client: FlowClient,
    data_api_version: String,
    signs_tokens: bool,
    flow_json: Option<Arc<FlowJson>>,
}

/// One request and its result.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// How often it was sent: twice if the first answer was a 421.
    pub attempts: usize,
    /// The status of the last answer; `None` if none arrived.
    pub status: Option<u16>,
    /// The content of the last answer, if it has one that could be decrypted.
    pub payload: Option<Value>,
    /// From just before the last attempt until its answer's last byte; zero if no answer arrived.
    pub duration: Duration,
    /// What the phone makes of the answer.
    pub judgement: Judgement,
    /// As what it was sent last: see [`Phone::repeat`].
    pub sealed: SealedRequest,
}

impl Phone {
    /// A phone with [`payload::DATA_API_VERSION`] that sends no token signature.
    pub fn new(client: FlowClient) -> Self {
        Self {
            client,
            data_api_version: payload::DATA_API_VERSION.to_owned(),
            signs_tokens: false,
            flow_json: None,
        }
    }

    /// The same phone with another version of the data API, such as `4.0`. `signs_tokens` makes it
    /// send a `flow_token_signature`.
    pub fn speaking(self, data_api_version: &str, signs_tokens: bool) -> Self {
        Self { data_api_version: data_api_version.to_owned(), signs_tokens, ..self }
    }

    /// The same phone with the Flow JSON that its user opens. Answers are checked against it.
    pub fn showing(self, flow_json: impl Into<Arc<FlowJson>>) -> Self {
        Self { flow_json: Some(flow_json.into()), ..self }
    }

    pub(super) fn client(&self) -> &FlowClient {
        &self.client
    }

    /// The Flow JSON that its user opens, if one is known.
    pub fn flow_json(&self) -> Option<&FlowJson> {
        self.flow_json.as_deref()
    }

    /// Adds the version of the data API to a payload and, if the phone sends one, the signature of
    /// its flow token. Health checks and error notifications carry no signature.
    pub fn dress(&self, payload: Value) -> Value {
        let payload = payload::with_version(payload, &self.data_api_version);
        let signs = self.signs_tokens && RequestKind::of(&payload) == RequestKind::Turn;
        if signs { self.sign(payload) } else { payload }
    }

    /// Adds the signature of the flow token to a payload, if it has one.
    pub fn sign(&self, payload: Value) -> Value {
        match payload["flow_token"].as_str().map(|token| self.client.flow_token_signature(token)) {
            Some(signature) => payload::with_flow_token_signature(payload, &signature),
            None => payload,
        }
    }

    /// Sends a payload as it is and judges the answer. After a 421 it is sealed anew and sent once
    /// more. A missing or unusable answer is a judgement here, not an error.
    ///
    /// # Errors
    /// Those of [`FlowClient::seal`]: there was nothing to send.
    pub async fn exchange(&self, payload: &Value) -> Result<Exchange, ClientError> {
        self.exchange_first_as(payload, self.client.seal(payload)?).await
    }

    /// Like [`exchange`](Self::exchange), with a phone that still has an old public key: its first
    /// request is encrypted to a key that no endpoint has.
    ///
    /// # Errors
    /// Those of [`FlowClient::seal`].
    pub async fn exchange_with_old_key(&self, payload: &Value) -> Result<Exchange, ClientError> {
        let old = self.client.clone().encrypting_to(OLD_PUBLIC_KEY)?;
        self.exchange_first_as(payload, old.seal(payload)?).await
    }

    async fn exchange_first_as(
        &self,
        payload: &Value,
        sealed: SealedRequest,
    ) -> Result<Exchange, ClientError> {
        let first = self.attempt(payload, sealed, 0).await;
        let fetches_key = first.judgement.outcome == Outcome::FetchesKey;
        Ok(if fetches_key {
            self.attempt(payload, self.client.seal(payload)?, 1).await
        } else {
            first
        })
    }

    /// Sends an earlier request again, byte for byte, as a client does that got no answer.
    /// `payload` is its content.
    pub async fn repeat(&self, payload: &Value, sealed: SealedRequest) -> Exchange {
        self.attempt(payload, sealed, 0).await
    }

    async fn attempt(
        &self,
        payload: &Value,
        sealed: SealedRequest,
        tries_before: usize,
    ) -> Exchange {
        let attempts = tries_before + 1;
        let raw = match self.client.send(&sealed).await {
            Ok(raw) => raw,
            Err(error) => {
                let judgement = Judgement::of_failure(payload, &error);
                return Exchange {
                    attempts,
                    status: None,
                    payload: None,
                    duration: Duration::ZERO,
                    judgement,
                    sealed,
                };
            }
        };
        let (mut judgement, opened) =
            Judgement::of(payload, &sealed, &raw, tries_before, self.flow_json.as_deref());
        judgement.hints.extend(slowness(raw.duration));
        Exchange {
            attempts,
            status: Some(raw.status),
            payload: opened,
            duration: raw.duration,
            judgement,
            sealed,
        }
    }
}

/// Whether a phone that speaks this version of the data API signs the flow token of this Flow: from
/// data API 4.0 on, in Flows of version 7.3 on (`protocol.md` section 3). `None` if `version` is no
/// version like `3.0`.
pub fn signs_tokens(version: &str, flow_json: Option<&FlowJson>) -> Option<bool> {
    let shows = flow_json.map(|flow_json| flow_json.document().version().and_then(parse_version));
    Some(parse_version(version)? >= (4, 0) && shows.is_none_or(|shows| shows >= Some((7, 3))))
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// What Meta would say about an answer that took so long (`protocol.md` section 1).
fn slowness(duration: Duration) -> Option<String> {
    let seconds = duration.as_secs_f64();
    (seconds > FIRST_ALERT_SECONDS)
        .then(|| format!("it took {seconds:.1} s: Meta alerts if one answer in ten takes longer than {FIRST_ALERT_SECONDS} s"))
}

/// The lowest latency at which Meta alerts.
const FIRST_ALERT_SECONDS: f64 = 1.0;

/// Its private key was never kept.
const OLD_PUBLIC_KEY: &str = include_str!("old_public_key.pem");

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use rsa::pkcs8::DecodePrivateKey;
    use rsa::{Oaep, RsaPrivateKey};
    use serde_json::json;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::super::{Carried, Carrier, Carrying, Url};
    use super::*;

    #[tokio::test]
    async fn asks_once_more_after_a_421_and_not_a_third_time() {
        let endpoint = endpoint(&[421, 500]).await;
        let twice = phone(&endpoint).exchange(&payload::init("t")).await.unwrap();
        assert_eq!((twice.attempts, twice.status), (2, Some(500)));

        let stubborn = self::endpoint(&[421, 421, 200]).await;
        let refused = phone(&stubborn).exchange(&payload::init("t")).await.unwrap();
        assert_eq!((refused.attempts, refused.status), (2, Some(421)));
        assert!(refused.judgement.is_failure());
    }

    #[tokio::test]
    async fn an_old_key_is_for_the_first_request_only() {
        let carried = Arc::new(Recording::default());
        let client =
            FlowClient::carried_by(carried.clone(), "http://localhost/a/b", PUBLIC_KEY, "secret");

        let exchange =
            Phone::new(client.unwrap()).exchange_with_old_key(&payload::ping()).await.unwrap();

        assert_eq!((exchange.attempts, exchange.status), (2, Some(421)));
        let fits: Vec<bool> = carried.0.lock().unwrap().iter().map(|body| opens(body)).collect();
        assert_eq!(fits, [false, true]);
    }

    #[tokio::test]
    async fn an_endpoint_that_is_not_there_is_a_judgement() {
        let nowhere = phone("http://127.0.0.1:1/").exchange(&payload::ping()).await.unwrap();

        assert_eq!((nowhere.attempts, nowhere.status), (1, None));
        assert!(
            nowhere.judgement.lines()[1].contains("cannot reach the endpoint: nothing listens"),
            "{:?}",
            nowhere.judgement
        );
    }

    #[test]
    fn only_turns_of_newer_phones_carry_a_signature() {
        let phone = phone("http://localhost/");
        let newer = phone.clone().speaking("4.0", true);

        assert_eq!(phone.dress(payload::init("t")), payload::init("t"));
        let turn = newer.dress(payload::init("t"));
        assert_eq!(turn["version"], "4.0");
        assert!(turn["flow_token_signature"].as_str().unwrap().starts_with("ey"));
        for bare in [payload::ping(), payload::error_notification("A", "", "", "t")] {
            assert_eq!(newer.dress(bare)["flow_token_signature"], json!(null));
        }
    }

    #[test]
    fn tokens_are_signed_by_new_phones_in_new_flows() {
        let flow_json = |version: &str| {
            FlowJson::parse(FLOW_JSON.replace("\"7.2\"", &format!("\"{version}\"")).as_bytes())
                .unwrap()
        };

        assert_eq!(signs_tokens("3.0", None), Some(false));
        assert_eq!(signs_tokens("4.0", None), Some(true));
        assert_eq!(signs_tokens("4.0", Some(&flow_json("7.2"))), Some(false));
        assert_eq!(signs_tokens("4.0", Some(&flow_json("7.3"))), Some(true));
        for bad in ["4", "", "four.one", "3.0.1"] {
            assert_eq!(signs_tokens(bad, None), None, "{bad}");
        }
    }

    #[test]
    fn a_slow_answer_is_a_hint() {
        assert_eq!(slowness(Duration::from_millis(900)), None);
        assert!(slowness(Duration::from_millis(2_500)).unwrap().starts_with("it took 2.5 s"));
    }

    fn phone(url: &str) -> Phone {
        Phone::new(FlowClient::new(url, PUBLIC_KEY, "secret").unwrap())
    }

    /// Answers one connection after the other with these statuses.
    async fn endpoint(statuses: &[u16]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let statuses = statuses.to_vec();
        tokio::spawn(async move {
            for status in statuses {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut received = Vec::new();
                while !received.ends_with(b"}") {
                    assert_ne!(
                        stream.read_buf(&mut received).await.unwrap(),
                        0,
                        "the client hung up early"
                    );
                }
                let answer = format!(
                    "HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        url
    }

    /// Keeps what it should carry, and answers 421.
    #[derive(Debug, Default)]
    struct Recording(Mutex<Vec<Vec<u8>>>);

    impl Carrier for Recording {
        fn carry<'a>(&'a self, endpoint: &'a Url, request: &'a SealedRequest) -> Carrying<'a> {
            assert_eq!(endpoint.path(), "/a/b");
            self.0.lock().unwrap().push(request.body.clone());
            let refused =
                Carried { status: 421, body: Vec::new(), retry_after: None, location: None };
            Box::pin(async { Ok(refused) })
        }
    }

    #[expect(clippy::disallowed_methods, reason = "plays the host; nobody can time a test")]
    fn opens(body: &[u8]) -> bool {
        let envelope: Value = serde_json::from_slice(body).unwrap();
        let wrapped = STANDARD.decode(envelope["encrypted_aes_key"].as_str().unwrap()).unwrap();
        let key = RsaPrivateKey::from_pkcs8_pem(PRIVATE_KEY).unwrap();
        key.decrypt(Oaep::new::<rsa::sha2::Sha256>(), &wrapped).is_ok()
    }

    const PUBLIC_KEY: &str = include_str!("../../../tests/fixtures/vectors/keys/public.pem");
    const PRIVATE_KEY: &str =
        include_str!("../../../tests/fixtures/vectors/keys/private.pkcs8.pem");
    const FLOW_JSON: &str = include_str!("../../../tests/fixtures/interop/flow.json");
}
