//! A file as WhatsApp keeps it: encrypted, with what opens it. Written from the protocol, and not
//! from what the host opens files with.

use std::fmt;

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::Encryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockEncryptMut, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use rsa::rand_core::{OsRng, RngCore};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// An encrypted file. Its `Debug` shows no key.
pub(super) struct EncryptedFile {
    /// The ciphertext, then the first 10 bytes of the MAC.
    pub(super) bytes: Vec<u8>,
    /// The member `encryption_metadata` of the file's reference.
    pub(super) metadata: Value,
}

impl EncryptedFile {
    /// Encrypts a file under fresh keys.
    pub(super) fn of(plain: &[u8]) -> Self {
        let (encryption_key, hmac_key, iv) = (random::<32>(), random::<32>(), random::<16>());
        let cipher = Encryptor::<Aes256>::new((&encryption_key).into(), (&iv).into());
        let mut bytes = [plain, &[0; BLOCK_BYTES]].concat();
        let length = cipher
            .encrypt_padded_mut::<Pkcs7>(&mut bytes, plain.len())
            .expect("there is room for a block of padding")
            .len();
        bytes.truncate(length);
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&hmac_key).expect("HMAC takes a key of any length");
        mac.update(&iv);
        mac.update(&bytes);
        bytes.extend_from_slice(&mac.finalize().into_bytes()[..MAC_BYTES]);
        let metadata = json!({
            "encrypted_hash": STANDARD.encode(Sha256::digest(&bytes)),
            "iv": STANDARD.encode(iv),
            "encryption_key": STANDARD.encode(encryption_key),
            "hmac_key": STANDARD.encode(hmac_key),
            "plaintext_hash": STANDARD.encode(Sha256::digest(plain)),
        });
        Self { bytes, metadata }
    }
}

impl fmt::Debug for EncryptedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedFile").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

/// A block of AES: the most that padding adds.
const BLOCK_BYTES: usize = 16;

/// The first 10 of the MAC's 32 bytes.
const MAC_BYTES: usize = 10;

#[cfg(test)]
mod tests {
    use cbc::Decryptor;
    use cbc::cipher::BlockDecryptMut;

    use super::*;

    #[test]
    fn each_of_the_four_checks_of_the_protocol_passes() {
        for length in [0, 1, 15, 16, 17, 1000] {
            let plain = vec![7; length];
            let EncryptedFile { bytes, metadata } = EncryptedFile::of(&plain);
            let value = |name: &str| STANDARD.decode(metadata[name].as_str().unwrap()).unwrap();

            assert_eq!(Sha256::digest(&bytes).as_slice(), value("encrypted_hash"));
            let (ciphertext, claimed) = bytes.split_at(bytes.len() - 10);
            let mut mac = Hmac::<Sha256>::new_from_slice(&value("hmac_key")).unwrap();
            mac.update(&value("iv"));
            mac.update(ciphertext);
            assert!(mac.verify_truncated_left(claimed).is_ok());
            let [key, iv] = ["encryption_key", "iv"].map(value);
            let cipher = Decryptor::<Aes256>::new_from_slices(&key, &iv).unwrap();
            let mut opened = ciphertext.to_vec();
            assert_eq!(cipher.decrypt_padded_mut::<Pkcs7>(&mut opened).unwrap(), plain);
            assert_eq!(Sha256::digest(&plain).as_slice(), value("plaintext_hash"));
        }
    }

    #[test]
    fn no_two_files_share_a_key_and_none_is_shown() {
        let (one, other) = (EncryptedFile::of(b"a"), EncryptedFile::of(b"a"));

        for name in ["iv", "encryption_key", "hmac_key"] {
            assert_ne!(one.metadata[name], other.metadata[name], "{name}");
        }
        assert_eq!(format!("{one:?}"), "EncryptedFile { bytes: 26, .. }");
    }
}
