//! The encrypted envelope: wire JSON and base64 around RSA-OAEP and AES-GCM (`protocol.md` sections
//! 1 and 2).
//!
//! Invariants: only a [`VerifiedBody`] is opened; a [`ReplySeal`] seals once.

mod error;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

pub use error::EnvelopeError;

use crate::crypto::{Iv, KeyRing, MessageKey, RsaEngine};
use crate::flow::{FlowReply, FlowRequest, ReplyKind};
use crate::ids::RequestDigest;
use crate::signature::VerifiedBody;

/// A request in clear and what is needed to answer it.
#[derive(Debug)]
pub struct Opened {
    /// What the client asks.
    pub request: OpenedRequest,
    /// Seals the one reply.
    pub seal: ReplySeal,
}

/// A request in clear that may be answered.
///
/// Only [`open`], from a verified body, and [`OpenedRequest::assert_opened`] make one:
///
/// ```compile_fail,E0451
/// # use flowhost_protocol::{envelope::OpenedRequest, flow::FlowRequest, ids::RequestDigest};
/// fn forge(request: FlowRequest, digest: RequestDigest) -> OpenedRequest {
///     OpenedRequest { request, digest }
/// }
/// ```
#[derive(Debug)]
pub struct OpenedRequest {
    request: FlowRequest,
    digest: RequestDigest,
}

impl OpenedRequest {
    /// A request that was neither signed nor sealed, for tests of plugins, where the author is the
    /// only sender. The caller asserts that the sender may get an answer, and that no other request
    /// has this digest.
    pub fn assert_opened(request: FlowRequest, digest: RequestDigest) -> Self {
        Self { request, digest }
    }

    /// What the client asks.
    pub fn request(&self) -> &FlowRequest {
        &self.request
    }

    /// SHA-256 of the ciphertext: the request's identity.
    pub fn digest(&self) -> RequestDigest {
        self.digest
    }

    /// What the client asks.
    pub fn into_request(self) -> FlowRequest {
        self.request
    }
}

/// Opens a verified body with that of the tenant's keys that fits.
pub async fn open(
    rsa: &dyn RsaEngine,
    keys: &KeyRing,
    body: VerifiedBody,
) -> Result<Opened, EnvelopeError> {
    let envelope: Envelope =
        serde_json::from_slice(body.as_bytes()).map_err(|_| EnvelopeError::Malformed)?;
    let wrapped_key = decode("encrypted_aes_key", &envelope.encrypted_aes_key)?;
    let iv = decode("initial_vector", &envelope.initial_vector)?;
    let ciphertext = decode("encrypted_flow_data", &envelope.encrypted_flow_data)?;
    let iv = Iv::new(&iv).map_err(EnvelopeError::Data)?;

    let key = unwrap_key(rsa, keys, &wrapped_key).await?;
    let plaintext = key.decrypt(&iv, &ciphertext).map_err(EnvelopeError::Data)?;
    let request = FlowRequest::parse(&plaintext).map_err(EnvelopeError::Payload)?;
    let digest = RequestDigest(Sha256::digest(&ciphertext).into());
    Ok(Opened {
        request: OpenedRequest { request, digest },
        seal: ReplySeal { key, inverted_iv: iv.inverted() },
    })
}

/// Encrypts the one reply that a request may have: a second plaintext under the same key and vector
/// would break AES-GCM.
///
/// ```compile_fail,E0382
/// # use flowhost_protocol::{envelope::ReplySeal, flow::FlowReply};
/// fn twice(seal: ReplySeal, one: &FlowReply, other: &FlowReply) {
///     let _ = seal.seal(one);
///     let _ = seal.seal(other);
/// }
/// ```
#[derive(Debug)]
pub struct ReplySeal {
    key: MessageKey,
    inverted_iv: Iv,
}

impl ReplySeal {
    /// Seals the reply. Takes `self`: the key and the vector end here.
    pub fn seal(self, reply: &FlowReply) -> Result<SealedReply, EnvelopeError> {
        let sealed =
            self.key.encrypt(&self.inverted_iv, reply.payload()).map_err(EnvelopeError::Seal)?;
        Ok(SealedReply { kind: reply.kind(), body: STANDARD.encode(sealed) })
    }
}

/// An encrypted reply, ready to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedReply {
    kind: ReplyKind,
    body: String,
}

impl SealedReply {
    /// The kind of the reply, which decides its HTTP status.
    pub fn kind(&self) -> ReplyKind {
        self.kind
    }

    /// The body: ciphertext and tag in standard base64.
    pub fn into_body(self) -> String {
        self.body
    }
}

/// The three fields on the wire. Unknown fields are ignored.
#[derive(Deserialize)]
struct Envelope {
    encrypted_flow_data: String,
    encrypted_aes_key: String,
    initial_vector: String,
}

async fn unwrap_key(
    rsa: &dyn RsaEngine,
    keys: &KeyRing,
    wrapped: &[u8],
) -> Result<MessageKey, EnvelopeError> {
    let bytes = keys
        .decrypt(rsa, OffsetDateTime::now_utc(), wrapped)
        .await
        .map_err(|_| EnvelopeError::NoKeyFits)?;
    MessageKey::new(&bytes).map_err(EnvelopeError::Data)
}

fn decode(field: &'static str, text: &str) -> Result<Vec<u8>, EnvelopeError> {
    LENIENT.decode(text).map_err(|_| EnvelopeError::NotBase64(field))
}

/// Standard base64 whose padding may be missing, since some encoders leave it out.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use std::ops::Range;
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::crypto::{AppSecret, InlineRsa, PrivateKey, RingKey, parse_private_key};
    use crate::flow::FlowToken;
    use crate::signature::{RawRequest, verify};
    use flowhost_client::{FlowClient, payload};

    /// Runs every case of the independent vectors through the functions of the data path.
    #[tokio::test]
    async fn agrees_with_the_outside_judge_on_every_exchange() {
        let judge = judge();
        let keys = ring(&["private.pkcs8.pem"]);
        let secrets = [
            AppSecret::new(text(&judge["app_secret"])),
            AppSecret::new(text(&judge["old_app_secret"])),
        ];
        let cases = judge["vectors"].as_array().unwrap();
        assert_eq!(cases.len(), 35);

        for case in cases {
            let name = text(&case["name"]);
            let raw = RawRequest {
                body: text(&case["body"]).as_bytes().to_vec(),
                signature: case["signature"].as_str().map(str::to_owned),
            };
            let status = match verify(&[&secrets[0], &secrets[1]], raw) {
                Err(_) => 432,
                Ok(body) => match open(&InlineRsa, &keys, body).await {
                    Err(_) => 421,
                    Ok(opened) => {
                        let sample = text(&case["sample_response_plaintext"]).as_bytes().to_vec();
                        let sealed = opened
                            .seal
                            .seal(&FlowReply::assert_stored(ReplyKind::Answer, sample))
                            .unwrap();
                        assert_eq!(
                            sealed.into_body(),
                            text(&case["sample_response_body"]),
                            "{name}"
                        );
                        200
                    }
                },
            };
            assert_eq!(status, case["expect_status"].as_u64().unwrap(), "{name}");
        }
    }

    #[tokio::test]
    async fn tries_each_key_and_refuses_when_none_fits() {
        let (ours, other) = ("private.pkcs8.pem", "other.private.pkcs8.pem");
        assert!(open(&InlineRsa, &ring(&[other, ours]), body()).await.is_ok());
        for keys in [ring(&[other]), ring(&[])] {
            assert!(matches!(open(&InlineRsa, &keys, body()).await, Err(EnvelopeError::NoKeyFits)));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn opens_what_the_client_sealed_and_seals_what_the_client_opens(
            token in ".{1,40}", screen in "[A-Z_]{1,20}", text in ".{0,200}", answer in ".{0,200}",
        ) {
            let payload = payload::data_exchange(&screen, json!({"text": text}), &token);
            let sealed = client().seal(&payload).unwrap();
            let answer = json!({"screen": screen, "data": {"text": answer}});

            let opened = open_sealed(&sealed.body, &sealed.signature).unwrap();
            let FlowRequest::Exchange(exchange) = opened.request.request() else { panic!("{:?}", opened.request) };
            let reply = opened.seal.seal(&FlowReply::assert_stored(ReplyKind::Answer, answer.to_string().into_bytes())).unwrap();

            prop_assert_eq!(exchange.screen.as_deref(), Some(screen.as_str()));
            prop_assert_eq!(serde_json::from_str::<Value>(&exchange.data).unwrap(), payload["data"].clone());
            prop_assert_eq!(exchange.flow_token.as_ref().map(FlowToken::expose), Some(token.as_str()));
            prop_assert_eq!(sealed.open(reply.into_body().as_bytes()).unwrap(), answer);
        }

        #[test]
        fn no_flipped_bit_of_a_request_opens(field in 0..3_usize, at in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let client = client();
            let sealed = client.seal(&payload::init("token")).unwrap();
            let place = places(&sealed.body)[field].clone();
            let at = place.start + at.index(place.len());
            let mut body = sealed.body.clone();
            body[at] ^= 1 << bit;

            prop_assert!(matches!(open_sealed(&body, &sealed.signature), Err(None)), "the signature is another body's");
            // A sender who has the app secret may sign anything; the cipher still refuses it.
            prop_assert!(matches!(open_sealed(&body, &signature(&body)), Err(Some(_))), "{}", String::from_utf8_lossy(&body));
        }

        #[test]
        fn no_flipped_bit_of_a_signature_verifies(at in 0..71_usize, bit in 0..7_u8) {
            let sealed = client().seal(&payload::ping()).unwrap();
            prop_assert!(open_sealed(&sealed.body, &sealed.signature).is_ok());
            let mut signature = sealed.signature.into_bytes();
            signature[at] ^= 1 << bit;
            let signature = String::from_utf8(signature).unwrap();

            // Hex digits may be of either case.
            prop_assume!(signature.to_lowercase() != self::signature(&sealed.body));
            prop_assert!(matches!(open_sealed(&sealed.body, &signature), Err(None)));
        }

        #[test]
        fn no_body_is_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), a in ".*", b in ".*", c in ".*") {
            let envelope = serde_json::json!({"encrypted_flow_data": a, "encrypted_aes_key": b, "initial_vector": c});
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            for body in [bytes, envelope.to_string().into_bytes()] {
                prop_assert!(runtime.block_on(open(&InlineRsa, &ring(&[]), signed(body))).is_err());
            }
        }
    }

    fn body() -> VerifiedBody {
        let judge = judge();
        signed(text(&judge["vectors"][0]["body"]).as_bytes().to_vec())
    }

    fn signed(body: Vec<u8>) -> VerifiedBody {
        let signature = Some(signature(&body));
        verify(&[&AppSecret::new(SECRET)], RawRequest { body, signature }).unwrap()
    }

    fn signature(body: &[u8]) -> String {
        use hmac::{Hmac, KeyInit, Mac};
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(body);
        format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
    }

    fn client() -> FlowClient {
        FlowClient::new("http://localhost/", &fixture("keys/public.pem"), SECRET).unwrap()
    }

    /// Verifies and opens as the data path does. `Err(None)` means that the signature was refused.
    fn open_sealed(body: &[u8], signature: &str) -> Result<Opened, Option<EnvelopeError>> {
        let raw = RawRequest { body: body.to_vec(), signature: Some(signature.to_owned()) };
        let body = verify(&[&AppSecret::new(SECRET)], raw).map_err(|_| None)?;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(open(&InlineRsa, &OURS, body)).map_err(Some)
    }

    /// The ranges of the three fields' values in a body.
    fn places(body: &[u8]) -> [Range<usize>; 3] {
        let (text, fields) =
            (std::str::from_utf8(body).unwrap(), serde_json::from_slice::<Value>(body).unwrap());
        ["encrypted_flow_data", "encrypted_aes_key", "initial_vector"].map(|field| {
            let value = fields[field].as_str().unwrap();
            let start = text.find(value).unwrap();
            start..start + value.len()
        })
    }

    fn ring(files: &[&str]) -> KeyRing {
        let key = |file: &&str| {
            let pair = parse_private_key(&fixture(&format!("keys/{file}")), None).unwrap();
            RingKey { key: PrivateKey::from_pkcs8(&pair.private_pkcs8).unwrap(), retires_at: None }
        };
        KeyRing::new(files.iter().map(key).collect())
    }

    fn judge() -> Value {
        serde_json::from_str(&fixture("exchanges.json")).unwrap()
    }

    fn fixture(name: &str) -> String {
        std::fs::read_to_string(format!(
            "{}/../../tests/fixtures/vectors/{name}",
            env!("CARGO_MANIFEST_DIR")
        ))
        .unwrap()
    }

    fn text(value: &Value) -> &str {
        value.as_str().unwrap()
    }

    /// Parsing a key takes longer than everything that is done with it.
    static OURS: LazyLock<KeyRing> = LazyLock::new(|| ring(&["private.pkcs8.pem"]));

    const SECRET: &str = "s";
}
