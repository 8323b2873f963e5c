//! Second opinions that the targets share: the outside judge's secrets, and HMAC by its definition.

use std::sync::LazyLock;

use flowhost_protocol::crypto::AppSecret;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The outside judge's cases: `fixtures/vectors/exchanges.json`.
pub static EXCHANGES: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../fixtures/vectors/exchanges.json"))
        .expect("the vectors are JSON")
});

/// The app secrets that are valid in every target: the current one and the previous one.
pub fn valid_secrets() -> [&'static str; 2] {
    ["app_secret", "old_app_secret"].map(|name| EXCHANGES[name].as_str().expect("a secret is text"))
}

/// The same secrets in the host's type.
pub fn app_secrets() -> [AppSecret; 2] {
    valid_secrets().map(AppSecret::new)
}

/// One of the two valid secrets or one that the host does not have, each for a third of the
/// choices.
pub fn choose_secret(choice: u8) -> &'static str {
    let [current, previous] = valid_secrets();
    [current, previous, "a secret of somebody else"][usize::from(choice % 3)]
}

/// HMAC-SHA256 as RFC 2104 defines it, without the `hmac` crate that the host uses.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    const BLOCK_BYTES: usize = 64;
    let mut block = [0; BLOCK_BYTES];
    if key.len() > BLOCK_BYTES {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner =
        Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

/// Whether `mac` is the HMAC-SHA256 of the message under one of the valid secrets.
pub fn signed_by_a_valid_secret(message: &[u8], mac: &[u8]) -> bool {
    valid_secrets().iter().any(|secret| hmac_sha256(secret.as_bytes(), message) == mac)
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes before the first line feed and those after it.
pub fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}
