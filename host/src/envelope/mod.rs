//! The encrypted envelope: wire JSON and base64 around RSA-OAEP and AES-GCM (`protocol.md` sections 1 and 2).
//!
//! Invariants: only a [`VerifiedBody`] is opened; a [`ReplySeal`] seals once.

mod error;

use std::sync::Arc;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use serde::Deserialize;
use sha2::{Digest, Sha256};

pub use error::EnvelopeError;

use crate::crypto::{Iv, MessageKey, PrivateKey, RsaEngine};
use crate::flow::{FlowReply, FlowRequest, ReplyKind};
use crate::ids::RequestDigest;
use crate::signature::VerifiedBody;

/// A request in clear and what is needed to answer it.
#[derive(Debug)]
pub struct Opened {
    /// What the client asks.
    pub request: FlowRequest,
    /// SHA-256 of the ciphertext: the request's identity.
    pub digest: RequestDigest,
    /// Seals the one reply.
    pub seal: ReplySeal,
}

/// Opens a verified body with the first of the tenant's keys that fits.
pub async fn open(rsa: &dyn RsaEngine, keys: &[Arc<PrivateKey>], body: VerifiedBody) -> Result<Opened, EnvelopeError> {
    let envelope: Envelope = serde_json::from_slice(body.as_bytes()).map_err(|_| EnvelopeError::Malformed)?;
    let wrapped_key = decode("encrypted_aes_key", &envelope.encrypted_aes_key)?;
    let iv = decode("initial_vector", &envelope.initial_vector)?;
    let ciphertext = decode("encrypted_flow_data", &envelope.encrypted_flow_data)?;
    let iv = Iv::new(&iv).map_err(EnvelopeError::Data)?;

    let key = unwrap_key(rsa, keys, &wrapped_key).await?;
    let plaintext = key.decrypt(&iv, &ciphertext).map_err(EnvelopeError::Data)?;
    let request = FlowRequest::parse(&plaintext).map_err(EnvelopeError::Payload)?;
    let digest = RequestDigest(Sha256::digest(&ciphertext).into());
    Ok(Opened { request, digest, seal: ReplySeal { key, inverted_iv: iv.inverted() } })
}

/// Encrypts the one reply that a request may have: a second plaintext under the same key and vector would break AES-GCM.
///
/// ```compile_fail,E0382
/// # use flowhost::{envelope::ReplySeal, flow::FlowReply};
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
        let sealed = self.key.encrypt(&self.inverted_iv, reply.payload()).map_err(EnvelopeError::Seal)?;
        Ok(SealedReply { kind: reply.kind(), body: STANDARD.encode(sealed) })
    }
}

/// A reply as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedReply {
    kind: ReplyKind,
    body: String,
}

impl SealedReply {
    /// Which status it travels under.
    pub fn kind(&self) -> ReplyKind {
        self.kind
    }

    /// The body: ciphertext and tag in standard base64.
    pub fn into_body(self) -> String {
        self.body
    }
}

/// The wire's three fields; unknown ones are ignored.
#[derive(Deserialize)]
struct Envelope {
    encrypted_flow_data: String,
    encrypted_aes_key: String,
    initial_vector: String,
}

async fn unwrap_key(rsa: &dyn RsaEngine, keys: &[Arc<PrivateKey>], wrapped: &[u8]) -> Result<MessageKey, EnvelopeError> {
    for key in keys {
        if let Ok(bytes) = rsa.decrypt(key, wrapped).await {
            return MessageKey::new(&bytes).map_err(EnvelopeError::Data);
        }
    }
    Err(EnvelopeError::NoKeyFits)
}

fn decode(field: &'static str, text: &str) -> Result<Vec<u8>, EnvelopeError> {
    LENIENT.decode(text).map_err(|_| EnvelopeError::NotBase64(field))
}

/// Standard base64 whose padding may be missing, as some encoders leave it out.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::crypto::{AppSecret, InlineRsa, parse_private_key};
    use crate::signature::{RawRequest, verify};

    /// Every case of the outside judge, through the functions of the data path.
    #[tokio::test]
    async fn agrees_with_the_outside_judge_on_every_exchange() {
        let judge = judge();
        let keys = [private_key("private.pkcs8.pem")];
        let secrets = [AppSecret::new(text(&judge["app_secret"])), AppSecret::new(text(&judge["old_app_secret"]))];
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
                        let sealed = opened.seal.seal(&FlowReply::stored(ReplyKind::Answer, sample)).unwrap();
                        assert_eq!(sealed.into_body(), text(&case["sample_response_body"]), "{name}");
                        200
                    }
                },
            };
            assert_eq!(status, case["expect_status"].as_u64().unwrap(), "{name}");
        }
    }

    #[tokio::test]
    async fn tries_each_key_and_refuses_when_none_fits() {
        let (ours, other) = (private_key("private.pkcs8.pem"), private_key("other.private.pkcs8.pem"));
        assert!(open(&InlineRsa, &[other.clone(), ours], body()).await.is_ok());
        for keys in [vec![other], vec![]] {
            assert!(matches!(open(&InlineRsa, &keys, body()).await, Err(EnvelopeError::NoKeyFits)));
        }
    }

    proptest! {
        #[test]
        fn no_body_is_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), a in ".*", b in ".*", c in ".*") {
            let envelope = serde_json::json!({"encrypted_flow_data": a, "encrypted_aes_key": b, "initial_vector": c});
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            for body in [bytes, envelope.to_string().into_bytes()] {
                prop_assert!(runtime.block_on(open(&InlineRsa, &[], signed(body))).is_err());
            }
        }
    }

    fn body() -> VerifiedBody {
        let judge = judge();
        signed(text(&judge["vectors"][0]["body"]).as_bytes().to_vec())
    }

    fn signed(body: Vec<u8>) -> VerifiedBody {
        use hmac::{Hmac, KeyInit, Mac};
        let mut mac = Hmac::<Sha256>::new_from_slice(b"s").unwrap();
        mac.update(&body);
        let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        verify(&[&AppSecret::new("s")], RawRequest { body, signature: Some(format!("sha256={hex}")) }).unwrap()
    }

    fn private_key(file: &str) -> Arc<PrivateKey> {
        let pair = parse_private_key(&fixture(&format!("keys/{file}")), None).unwrap();
        Arc::new(PrivateKey::from_pkcs8(&pair.private_pkcs8).unwrap())
    }

    fn judge() -> Value {
        serde_json::from_str(&fixture("exchanges.json")).unwrap()
    }

    fn fixture(name: &str) -> String {
        std::fs::read_to_string(format!("{}/../tests/fixtures/vectors/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    fn text(value: &Value) -> &str {
        value.as_str().unwrap()
    }
}
