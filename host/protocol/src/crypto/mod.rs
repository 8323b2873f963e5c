//! Cryptography without I/O and without wire formats: keys, ciphers and the types that keep them
//! out of logs.
//!
//! Errors say which operation failed but not why: a reason would be an oracle.

mod app_secret;
mod at_rest;
mod batched_rsa;
mod bearer_token;
mod code_keys;
mod error;
mod key_file;
mod key_ring;
mod media;
mod message;
mod oaep;
mod rsa_key;
mod rsa_lanes;

pub use app_secret::AppSecret;
pub use at_rest::{DataKey, MasterKey, MasterKeys, SealContext, Sealed};
pub use batched_rsa::{BatchedRsa, Pace, Unfit};
pub use bearer_token::{BearerToken, TokenDigest};
pub use code_keys::{CodeKeys, MAC_BYTES};
pub use error::{CryptoError, KeyFileError};
pub use key_file::{KeyPair, parse_private_key, public_key_fingerprint};
pub use key_ring::{KeyRing, RingKey};
pub use media::MediaKeys;
pub use message::{Iv, MessageKey};
pub use oaep::{Block, decode_oaep};
pub use rsa_key::{Decrypted, Decryption, InlineRsa, PrivateKey, RsaEngine};
pub use rsa_lanes::{LANES, LaneKey, RsaLanes};

/// Fills an array with random bytes of cryptographic quality.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system's random generator answers");
    bytes
}
