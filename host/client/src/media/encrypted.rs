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

/// Encrypts a file under fresh keys, piece by piece as it comes. Its `Debug` shows no key.
pub struct FileCipher {
    cipher: Encryptor<Aes256>,
    mac: Hmac<Sha256>,
    plain: Sha256,
    encrypted: Sha256,
    /// What came and does not fill a block yet.
    rest: Vec<u8>,
    iv: [u8; BLOCK_BYTES],
    encryption_key: [u8; 32],
    hmac_key: [u8; 32],
}

/// An encrypted file. Its `Debug` shows no key.
pub(super) struct EncryptedFile {
    /// The ciphertext, then the first 10 bytes of the MAC.
    pub(super) bytes: Vec<u8>,
    /// The member `encryption_metadata` of the file's reference.
    pub(super) metadata: Value,
}

impl FileCipher {
    /// Makes the keys of a file.
    #[expect(clippy::new_without_default, reason = "two of them are never the same")]
    pub fn new() -> Self {
        let (encryption_key, hmac_key, iv) = (random::<32>(), random::<32>(), random());
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&hmac_key).expect("HMAC takes a key of any length");
        mac.update(&iv);
        Self {
            cipher: Encryptor::new((&encryption_key).into(), (&iv).into()),
            mac,
            plain: Sha256::new(),
            encrypted: Sha256::new(),
            rest: Vec::new(),
            iv,
            encryption_key,
            hmac_key,
        }
    }

    /// Takes the next bytes of the file, and returns what is encrypted by now.
    pub fn update(&mut self, plain: &[u8]) -> Vec<u8> {
        self.plain.update(plain);
        let mut bytes = std::mem::take(&mut self.rest);
        bytes.extend_from_slice(plain);
        self.rest = bytes.split_off(bytes.len() - bytes.len() % BLOCK_BYTES);
        for block in bytes.chunks_exact_mut(BLOCK_BYTES) {
            self.cipher.encrypt_block_mut(block.into());
        }
        self.mac.update(&bytes);
        self.encrypted.update(&bytes);
        bytes
    }

    /// The end of the encrypted file, and the member `encryption_metadata` of its reference.
    pub fn finish(mut self) -> (Vec<u8>, Value) {
        let length = self.rest.len();
        let mut bytes = self.rest;
        bytes.resize(BLOCK_BYTES, 0);
        self.cipher
            .encrypt_padded_mut::<Pkcs7>(&mut bytes, length)
            .expect("there is room for the padding of less than a block");
        self.mac.update(&bytes);
        bytes.extend_from_slice(&self.mac.finalize().into_bytes()[..MAC_BYTES]);
        self.encrypted.update(&bytes);
        let metadata = json!({
            "encrypted_hash": STANDARD.encode(self.encrypted.finalize()),
            "iv": STANDARD.encode(self.iv),
            "encryption_key": STANDARD.encode(self.encryption_key),
            "hmac_key": STANDARD.encode(self.hmac_key),
            "plaintext_hash": STANDARD.encode(self.plain.finalize()),
        });
        (bytes, metadata)
    }
}

impl EncryptedFile {
    /// Encrypts a file under fresh keys.
    pub(super) fn of(plain: &[u8]) -> Self {
        let mut cipher = FileCipher::new();
        let mut bytes = cipher.update(plain);
        let (end, metadata) = cipher.finish();
        bytes.extend_from_slice(&end);
        Self { bytes, metadata }
    }
}

impl fmt::Debug for FileCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileCipher").finish_non_exhaustive()
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
