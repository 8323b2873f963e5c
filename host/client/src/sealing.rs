//! The phone's half of the envelope: seals a request and opens its answer.
//!
//! It is written from the protocol and with other libraries than the host's own crypto, so that the
//! two can check each other.

mod diagnosis;

use std::fmt;

use aes_gcm::aead::consts::U16;
use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::aes::Aes128;
use aes_gcm::{AesGcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::rand_core::{OsRng, RngCore};
use rsa::{Oaep, RsaPublicKey};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::error::ClientError;

pub use self::diagnosis::SealFlaw;

/// One request as it goes over the wire, with what is needed to open the answer.
///
/// Its `Debug` shows neither key nor IV.
#[derive(Clone)]
pub struct SealedRequest {
    /// The HTTP body: the JSON envelope, in the bytes that [`signature`](Self::signature) covers.
    pub body: Vec<u8>,
    /// The value of the `X-Hub-Signature-256` header: `sha256=` and 64 hex digits.
    pub signature: String,
    exchange: ExchangeKey,
}

impl SealedRequest {
    /// Encrypts `plaintext` with a fresh key and IV, and the key with `public_key`; `sign` makes
    /// the header from the body.
    pub(super) fn seal(
        public_key: &RsaPublicKey,
        plaintext: &[u8],
        sign: impl FnOnce(&[u8]) -> String,
    ) -> Result<SealedRequest, ClientError> {
        let exchange = ExchangeKey::random();
        let body = exchange.envelope(public_key, plaintext)?;
        Ok(SealedRequest { signature: sign(&body), body, exchange })
    }

    /// Opens the body of a 200 or 427 reply to this request and parses the JSON in it.
    ///
    /// # Errors
    /// [`ClientError::ReplyNotBase64`], [`ClientError::NotSealedForThisRequest`] or
    /// [`ClientError::ReplyNotJson`].
    pub fn open(&self, body: &[u8]) -> Result<Value, ClientError> {
        let sealed = STANDARD.decode(body).map_err(ClientError::ReplyNotBase64)?;
        let plaintext = self.exchange.open_reply(&sealed)?;
        serde_json::from_slice(&plaintext).map_err(ClientError::ReplyNotJson)
    }
}

impl fmt::Debug for SealedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedRequest")
            .field("body_bytes", &self.body.len())
            .field("signature", &self.signature)
            .finish_non_exhaustive()
    }
}

/// The AES key and IV of one exchange.
#[derive(Clone)]
struct ExchangeKey {
    key: Zeroizing<[u8; AES_KEY_BYTES]>,
    iv: [u8; IV_BYTES],
}

impl ExchangeKey {
    fn random() -> ExchangeKey {
        let mut key = Zeroizing::new([0; AES_KEY_BYTES]);
        let mut iv = [0; IV_BYTES];
        OsRng.fill_bytes(key.as_mut_slice());
        OsRng.fill_bytes(&mut iv);
        ExchangeKey { key, iv }
    }

    fn envelope(
        &self,
        public_key: &RsaPublicKey,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, ClientError> {
        let data = self
            .cipher()
            .encrypt(&Nonce::from(self.iv), plaintext)
            .map_err(|_| ClientError::Seal)?;
        let key = public_key
            .encrypt(&mut OsRng, Oaep::new::<rsa::sha2::Sha256>(), self.key.as_slice())
            .map_err(|_| ClientError::Seal)?;
        let envelope = json!({
            "encrypted_flow_data": STANDARD.encode(data),
            "encrypted_aes_key": STANDARD.encode(key),
            "initial_vector": STANDARD.encode(self.iv),
        });
        Ok(envelope.to_string().into_bytes())
    }

    fn open_reply(&self, sealed: &[u8]) -> Result<Vec<u8>, ClientError> {
        let inverted = self.iv.map(|byte| !byte);
        self.cipher()
            .decrypt(&Nonce::from(inverted), sealed)
            .map_err(|_| ClientError::NotSealedForThisRequest)
    }

    fn cipher(&self) -> AesGcm<Aes128, U16> {
        AesGcm::new_from_slice(self.key.as_slice()).expect("an AES-128 key has 16 bytes")
    }
}

/// AES-128, as the Flows protocol fixes it.
const AES_KEY_BYTES: usize = 16;

/// The protocol's GCM nonce has 16 bytes, not GCM's usual 12.
const IV_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use rsa::RsaPrivateKey;
    use rsa::pkcs8::DecodePrivateKey;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Vectors {
        vectors: Vec<Vector>,
    }

    #[derive(Deserialize)]
    struct Vector {
        name: String,
        aes_key: String,
        iv: String,
        sample_response_plaintext: Option<String>,
        sample_response_body: Option<String>,
    }

    #[test]
    fn opens_every_sample_response_of_the_vectors() {
        let vectors: Vectors = serde_json::from_str(EXCHANGES).unwrap();
        let samples: Vec<_> =
            vectors.vectors.iter().filter(|vector| vector.sample_response_body.is_some()).collect();
        assert!(samples.len() >= 15, "only {} samples", samples.len());

        for vector in samples {
            let request = request_of(vector);
            let expected: Value =
                serde_json::from_str(vector.sample_response_plaintext.as_deref().unwrap()).unwrap();

            let opened = request.open(vector.sample_response_body.as_deref().unwrap().as_bytes());

            assert_eq!(opened.unwrap(), expected, "{}", vector.name);
        }
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "plays the host with another library than its own; nobody can time a test"
    )]
    fn a_sealed_request_holds_the_payload_for_the_owner_of_the_private_key() {
        let private_key = private_key();
        let payload = br#"{"action":"ping"}"#;

        let request =
            SealedRequest::seal(&private_key.to_public_key(), payload, |_| String::new()).unwrap();

        let envelope: Value = serde_json::from_slice(&request.body).unwrap();
        let key = private_key
            .decrypt(Oaep::new::<rsa::sha2::Sha256>(), &decoded(&envelope, "encrypted_aes_key"));
        assert_eq!(key.unwrap(), request.exchange.key.as_slice());
        assert_eq!(decoded(&envelope, "initial_vector"), request.exchange.iv);
        let data = decoded(&envelope, "encrypted_flow_data");
        let plaintext =
            request.exchange.cipher().decrypt(&Nonce::from(request.exchange.iv), data.as_slice());
        assert_eq!(plaintext.unwrap(), payload);
    }

    #[test]
    fn two_requests_share_neither_key_nor_iv() {
        let public_key = private_key().to_public_key();

        let first = SealedRequest::seal(&public_key, b"{}", |_| String::new()).unwrap();
        let second = SealedRequest::seal(&public_key, b"{}", |_| String::new()).unwrap();

        assert_ne!(first.exchange.key, second.exchange.key);
        assert_ne!(first.exchange.iv, second.exchange.iv);
    }

    #[test]
    fn any_flipped_bit_of_a_reply_keeps_it_shut() {
        let request = bare_request(ExchangeKey::random());
        let sealed = seal_reply(&request, br#"{"data":{}}"#);
        assert_eq!(request.open(STANDARD.encode(&sealed).as_bytes()).unwrap(), json!({"data": {}}));

        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let opened = request.open(STANDARD.encode(&flipped).as_bytes());
            assert!(matches!(opened, Err(ClientError::NotSealedForThisRequest)), "bit {bit}");
        }
    }

    #[test]
    fn a_reply_under_the_iv_of_the_request_does_not_open() {
        let request = bare_request(ExchangeKey::random());
        let nonce = Nonce::from(request.exchange.iv);
        let sealed = request.exchange.cipher().encrypt(&nonce, b"{}".as_slice()).unwrap();

        let opened = request.open(STANDARD.encode(sealed).as_bytes());

        assert!(matches!(opened, Err(ClientError::NotSealedForThisRequest)));
    }

    #[test]
    fn says_what_is_wrong_with_a_reply() {
        let request = bare_request(ExchangeKey::random());
        let text = STANDARD.encode(seal_reply(&request, b"pong"));

        assert!(matches!(request.open(b"\"AAAA\""), Err(ClientError::ReplyNotBase64(_))));
        assert!(matches!(request.open(b""), Err(ClientError::NotSealedForThisRequest)));
        assert!(matches!(request.open(text.as_bytes()), Err(ClientError::ReplyNotJson(_))));
    }

    #[test]
    fn debug_shows_no_key() {
        let exchange =
            ExchangeKey { key: Zeroizing::new([0xAB; AES_KEY_BYTES]), iv: [0xCD; IV_BYTES] };
        let request =
            SealedRequest { body: b"four".to_vec(), signature: "sha256=00".to_owned(), exchange };

        assert_eq!(
            format!("{request:?}"),
            "SealedRequest { body_bytes: 4, signature: \"sha256=00\", .. }"
        );
    }

    fn request_of(vector: &Vector) -> SealedRequest {
        let key = STANDARD.decode(&vector.aes_key).unwrap().try_into().unwrap();
        let iv = STANDARD.decode(&vector.iv).unwrap().try_into().unwrap();
        bare_request(ExchangeKey { key: Zeroizing::new(key), iv })
    }

    fn bare_request(exchange: ExchangeKey) -> SealedRequest {
        SealedRequest { body: Vec::new(), signature: String::new(), exchange }
    }

    fn seal_reply(request: &SealedRequest, plaintext: &[u8]) -> Vec<u8> {
        let nonce = Nonce::from(request.exchange.iv.map(|byte| !byte));
        request.exchange.cipher().encrypt(&nonce, plaintext).unwrap()
    }

    fn decoded(envelope: &Value, field: &str) -> Vec<u8> {
        STANDARD.decode(envelope[field].as_str().unwrap()).unwrap()
    }

    fn private_key() -> RsaPrivateKey {
        RsaPrivateKey::from_pkcs8_pem(PRIVATE_KEY).unwrap()
    }

    const EXCHANGES: &str = include_str!("../../../tests/fixtures/vectors/exchanges.json");
    const PRIVATE_KEY: &str =
        include_str!("../../../tests/fixtures/vectors/keys/private.pkcs8.pem");
}
