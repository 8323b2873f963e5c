//! The encrypted envelope: `envelope::open` opens what was sealed for this tenant and is undamaged,
//! and nothing else. What it opens, and the reply that is sealed for it, agree with ciphers that
//! this module runs itself.
//!
//! Input, one of: `p` and a plaintext, which is sealed well; `t`, how it is tampered with (see
//! `Sealing`) and a plaintext; a whole HTTP body. The body is correctly signed in every case.

use std::collections::HashMap;
use std::sync::LazyLock;

use aes_gcm::aead::consts::U16;
use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::aes::Aes128;
use aes_gcm::{AesGcm, Nonce};
use arbitrary::{Result, Unstructured};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use flowhost_protocol::crypto::{InlineRsa, KeyRing, PrivateKey, RingKey, parse_private_key};
use flowhost_protocol::envelope::{EnvelopeError, Opened, open};
use flowhost_protocol::flow::{CheckedAnswer, FlowRequest};
use flowhost_protocol::signature::{RawRequest, VerifiedBody, verify};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::opened_payload::shown;
use crate::oracle::{EXCHANGES, app_secrets, hex, hmac_sha256, valid_secrets};
use crate::until_ready;

/// Returns whether the host opened the body.
///
/// If the host opens what nobody sealed for it, reads it differently than this module, or refuses
/// what is sealed well.
pub fn check(data: &[u8]) -> bool {
    let sealing = match data.split_first() {
        Some((b'p', plaintext)) => Some(Sealing { plaintext, ..Sealing::default() }),
        Some((b't', rest)) => Some(Sealing::read(rest).unwrap_or_default()),
        _ => None,
    };
    let body = sealing.as_ref().map_or_else(|| data.to_vec(), Sealing::body);
    let opened = open_body(body.clone());
    if let Some(sealing) = sealing {
        sealing.assert_expected(&opened);
    }
    opened.is_ok_and(|opened| {
        assert_agrees(&body, opened);
        true
    })
}

/// How a request is sealed. The default is correct.
struct Sealing<'a> {
    /// Whether the AES key has 32 bytes instead of 16.
    long_key: bool,
    /// The initial vector, of 0 to 32 bytes.
    iv: &'a [u8],
    /// The bit of ciphertext and tag that is flipped.
    flip: Option<u16>,
    /// The number of bytes cut off at the end.
    cut: u8,
    plaintext: &'a [u8],
}

impl Default for Sealing<'_> {
    fn default() -> Self {
        Self { long_key: false, iv: b"sixteen bytes iv", flip: None, cut: 0, plaintext: b"" }
    }
}

impl<'a> Sealing<'a> {
    /// Reads a byte each for the key's length, the bytes to cut and whether a bit is flipped; two
    /// bytes for which bit; one for the vector's length; the vector; the plaintext.
    fn read(input: &'a [u8]) -> Result<Self> {
        let mut input = Unstructured::new(input);
        let (long_key, cut, flips): (u8, u8, u8) = input.arbitrary()?;
        let bit: u16 = input.arbitrary()?;
        let iv_bytes = usize::from(input.arbitrary::<u8>()? % 33).min(input.len());
        let iv = input.bytes(iv_bytes)?;
        let flip = (flips % 2 == 1).then_some(bit);
        Ok(Self { long_key: long_key % 2 == 1, iv, flip, cut, plaintext: input.take_rest() })
    }

    fn body(&self) -> Vec<u8> {
        let mut iv = [0; 16];
        let length = self.iv.len().min(16);
        iv[..length].copy_from_slice(&self.iv[..length]);
        let mut data = cipher(&KEY.aes)
            .encrypt(&Nonce::from(iv), self.plaintext)
            .expect("short texts can be sealed");
        if let Some(bit) = self.flip {
            let bit = usize::from(bit) % (data.len() * 8);
            data[bit / 8] ^= 1 << (bit % 8);
        }
        data.truncate(data.len().saturating_sub(self.cut.into()));
        let body = json!({
            "encrypted_flow_data": STANDARD.encode(data),
            "encrypted_aes_key": STANDARD.encode(if self.long_key { &LONG_KEY.wrapped } else { &KEY.wrapped }),
            "initial_vector": STANDARD.encode(self.iv),
        });
        body.to_string().into_bytes()
    }

    fn assert_expected(&self, opened: &std::result::Result<Opened, EnvelopeError>) {
        let whole = !self.long_key && self.iv.len() == 16 && self.flip.is_none() && self.cut == 0;
        match (opened, FlowRequest::parse(self.plaintext)) {
            (opened, _) if !whole => {
                assert!(matches!(opened, Err(EnvelopeError::Data(_))), "{opened:?}")
            }
            (Ok(opened), Ok(request)) => {
                assert_eq!(shown(opened.request.request()), shown(&request))
            }
            (Err(EnvelopeError::Payload(error)), Err(expected)) => assert_eq!(*error, expected),
            (opened, parsed) => panic!("{opened:?} where the payload is {parsed:?}"),
        }
    }
}

fn open_body(body: Vec<u8>) -> std::result::Result<Opened, EnvelopeError> {
    until_ready(open(&InlineRsa, &KEYS, verified(body)))
}

fn verified(body: Vec<u8>) -> VerifiedBody {
    let [secret, _] = valid_secrets();
    let signature = Some(format!("sha256={}", hex(&hmac_sha256(secret.as_bytes(), &body))));
    let [current, previous] = app_secrets();
    verify(&[&current, &previous], RawRequest { body, signature })
        .unwrap_or_else(|error| panic!("the body is signed: {error}"))
}

/// The host's request is the one in the body, and its reply opens under the same key and the
/// inverted vector.
fn assert_agrees(body: &[u8], opened: Opened) {
    let envelope: Value = serde_json::from_slice(body).expect("what was opened is JSON");
    let field = |name: &str| {
        let text = envelope[name].as_str().expect("what was opened has three texts");
        STANDARD_NO_PAD.decode(text.trim_end_matches('=')).expect("what was opened is base64")
    };
    let (iv, ciphertext) = (field("initial_vector"), field("encrypted_flow_data"));
    let iv: [u8; 16] = iv.try_into().expect("what was opened has a vector of 16 bytes");
    let key = AES_KEYS
        .get(&field("encrypted_aes_key"))
        .expect("what was opened has a key that was sealed for this tenant");
    let cipher = cipher(key);

    let plaintext =
        cipher.decrypt(&Nonce::from(iv), &*ciphertext).expect("what was opened is undamaged");
    let request = FlowRequest::parse(&plaintext).expect("what was opened is a request");
    assert_eq!(shown(opened.request.request()), shown(&request));
    assert_eq!(opened.request.digest().0, <[u8; 32]>::from(Sha256::digest(&ciphertext)));

    let answer = CheckedAnswer::refusal("No longer available.");
    let sealed = opened.seal.seal(answer.reply()).expect("a short reply can be sealed").into_body();
    let sealed = STANDARD.decode(sealed).expect("a reply is base64");
    let reply = cipher
        .decrypt(&Nonce::from(iv.map(|byte| !byte)), &*sealed)
        .expect("a reply opens under the inverted vector");
    assert_eq!(reply, answer.reply().payload());
}

fn cipher(key: &[u8]) -> AesGcm<Aes128, U16> {
    AesGcm::new_from_slice(key).expect("an AES-128 key has 16 bytes")
}

/// An AES key of the vectors, plain and encrypted under the tenant's public key.
struct WrappedKey {
    aes: Vec<u8>,
    wrapped: Vec<u8>,
}

impl WrappedKey {
    fn of(vector: &Value) -> Self {
        let decode = |field: &Value| {
            STANDARD.decode(field.as_str().expect("a field is text")).expect("a field is base64")
        };
        let body: Value = serde_json::from_str(vector["body"].as_str().expect("a body is text"))
            .expect("a body is JSON");
        Self { aes: decode(&vector["aes_key"]), wrapped: decode(&body["encrypted_aes_key"]) }
    }

    fn named(name: &str) -> Self {
        Self::of(
            vectors().find(|vector| vector["name"] == name).expect("the vectors have this case"),
        )
    }
}

fn vectors() -> impl Iterator<Item = &'static Value> {
    EXCHANGES["vectors"].as_array().expect("the vectors are a list").iter()
}

static KEY: LazyLock<WrappedKey> = LazyLock::new(|| WrappedKey::named("ping"));
static LONG_KEY: LazyLock<WrappedKey> = LazyLock::new(|| WrappedKey::named("aes_256_key"));

/// The AES keys of the requests that a host accepts, by their encrypted form.
static AES_KEYS: LazyLock<HashMap<Vec<u8>, Vec<u8>>> = LazyLock::new(|| {
    let accepted = vectors().filter(|vector| vector["expect_status"] == 200).map(WrappedKey::of);
    accepted.map(|key| (key.wrapped, key.aes)).collect()
});

static KEYS: LazyLock<KeyRing> = LazyLock::new(|| {
    let pair =
        parse_private_key(include_str!("../../fixtures/vectors/keys/private.pkcs8.pem"), None)
            .expect("the key can be read");
    let key = PrivateKey::from_pkcs8(&pair.private_pkcs8).expect("the key can be used");
    KeyRing::new(vec![RingKey { key, retires_at: None }])
});
