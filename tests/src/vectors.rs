//! Test vectors that were made with tools from outside this repository.

use aes_gcm::aead::consts::U16;
use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::aes::Aes128;
use aes_gcm::{AesGcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use crate::repository::repository;

/// `fixtures/vectors/exchanges.json`.
#[derive(Debug, Deserialize)]
pub struct Vectors {
    /// The current app secret.
    pub app_secret: String,
    /// The previous app secret.
    pub old_app_secret: String,
    /// The passphrase of the encrypted key files.
    pub passphrase: String,
    /// The cases.
    pub vectors: Vec<Vector>,
}

/// One request with its expected result.
#[derive(Debug, Deserialize)]
pub struct Vector {
    /// What the case is about.
    pub name: String,
    /// The body to post.
    pub body: String,
    /// The signature header.
    pub signature: Option<String>,
    /// The expected status.
    pub expect_status: u16,
    /// What `sample_response_plaintext` becomes when it is sealed for this request.
    pub sample_response_body: Option<String>,
    /// The content of the request; absent if it is not text.
    pub plaintext: Option<String>,
    aes_key: String,
    iv: String,
}

impl Vectors {
    /// Reads the file.
    pub fn load() -> Self {
        serde_json::from_str(&fixture("exchanges.json")).expect("the vectors can be read")
    }
}

impl Vector {
    /// Opens a reply to this request.
    pub fn open(&self, body: &[u8]) -> Value {
        let key = STANDARD.decode(&self.aes_key).expect("base64");
        let iv: [u8; 16] = STANDARD.decode(&self.iv).expect("base64").try_into().expect("16 bytes");
        let cipher = AesGcm::<Aes128, U16>::new_from_slice(&key).expect("an AES-128 key");
        let sealed = STANDARD
            .decode(body)
            .unwrap_or_else(|error| panic!("{}: the reply is no base64: {error}", self.name));
        let plain = cipher.decrypt(&Nonce::from(iv.map(|byte| !byte)), sealed.as_slice());
        let plain = plain.unwrap_or_else(|_| panic!("{}: the reply doesn't open", self.name));
        serde_json::from_slice(&plain).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

/// A file of `fixtures/vectors`.
pub fn fixture(name: &str) -> String {
    let path = repository(&format!("tests/fixtures/vectors/{name}"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
