//! WhatsApp's media files: AES-256-CBC with PKCS#7 padding and an HMAC, with hashes of the
//! encrypted and the plain file (`protocol.md` section 6).

use std::fmt;

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockDecryptMut, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::CryptoError;

/// The keys that decrypt one file, and the hashes that prove that it is the file that was sent.
/// Keys are wiped when dropped and never shown.
pub struct MediaKeys {
    encrypted_hash: [u8; 32],
    iv: [u8; 16],
    encryption_key: Zeroizing<[u8; 32]>,
    hmac_key: Zeroizing<[u8; 32]>,
    plaintext_hash: [u8; 32],
}

impl MediaKeys {
    /// Parses the values of `encryption_metadata`, each in standard base64.
    pub fn from_base64(
        encrypted_hash: &str,
        iv: &str,
        encryption_key: &str,
        hmac_key: &str,
        plaintext_hash: &str,
    ) -> Result<Self, CryptoError> {
        Ok(Self {
            encrypted_hash: decode(encrypted_hash)?,
            iv: decode(iv)?,
            encryption_key: Zeroizing::new(decode(encryption_key)?),
            hmac_key: Zeroizing::new(decode(hmac_key)?),
            plaintext_hash: decode(plaintext_hash)?,
        })
    }

    /// Checks a file and decrypts it in place. The MAC covers IV and ciphertext and is checked
    /// before anything is decrypted.
    pub fn open(&self, mut file: Vec<u8>) -> Result<Vec<u8>, CryptoError> {
        check(&file, &self.encrypted_hash)?;
        let at = file.len().checked_sub(MAC_BYTES).ok_or(CryptoError::Undecryptable)?;
        let claimed = file.split_off(at);
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.hmac_key)
            .expect("HMAC takes a key of any length");
        mac.update(&self.iv);
        mac.update(&file);
        mac.verify_truncated_left(&claimed).map_err(|_| CryptoError::Undecryptable)?;
        let cipher = Decryptor::<Aes256>::new((&*self.encryption_key).into(), (&self.iv).into());
        let length = cipher
            .decrypt_padded_mut::<Pkcs7>(&mut file)
            .map_err(|_| CryptoError::Undecryptable)?
            .len();
        file.truncate(length);
        check(&file, &self.plaintext_hash)?;
        Ok(file)
    }
}

impl fmt::Debug for MediaKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaKeys(..)")
    }
}

fn check(bytes: &[u8], hash: &[u8; 32]) -> Result<(), CryptoError> {
    let same = Sha256::digest(bytes).as_slice().ct_eq(hash);
    if same.into() { Ok(()) } else { Err(CryptoError::Undecryptable) }
}

fn decode<const N: usize>(text: &str) -> Result<[u8; N], CryptoError> {
    let bytes =
        STANDARD.decode(text).map(Zeroizing::new).map_err(|_| CryptoError::UnreadableKey)?;
    bytes.as_slice().try_into().map_err(|_| CryptoError::UnreadableKey)
}

/// The first 10 of the MAC's 32 bytes.
const MAC_BYTES: usize = 10;

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_vectors_open_or_stay_shut_as_they_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/vectors/media.json");
        let document: Value =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let vectors = document["vectors"].as_array().unwrap();
        assert_eq!(vectors.len(), 8);
        for vector in vectors {
            let text = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
            let opened = keys(&vector["encryption_metadata"]).open(text(&vector["file"]));
            let expected = if vector["ok"] == true {
                Ok(text(&vector["plaintext"]))
            } else {
                Err(CryptoError::Undecryptable)
            };
            assert_eq!(opened, expected, "{}", vector["name"]);
        }
    }

    #[test]
    fn no_length_of_a_file_ends_in_a_panic() {
        for length in 0..64 {
            let file = vec![7; length];
            let mut keys = MediaKeys {
                encrypted_hash: Sha256::digest(&file).into(),
                iv: [0; 16],
                encryption_key: Zeroizing::new([1; 32]),
                hmac_key: Zeroizing::new([2; 32]),
                plaintext_hash: [0; 32],
            };
            assert_eq!(keys.open(file.clone()), Err(CryptoError::Undecryptable), "{length}");
            let Some(at) = length.checked_sub(MAC_BYTES) else { continue };
            // The MAC is valid, so that only the padding is left to refuse the file.
            let mut mac = Hmac::<Sha256>::new_from_slice(&*keys.hmac_key).unwrap();
            mac.update(&keys.iv);
            mac.update(&file[..at]);
            let file = [&file[..at], &mac.finalize().into_bytes()[..MAC_BYTES]].concat();
            keys.encrypted_hash = Sha256::digest(&file).into();
            assert_eq!(keys.open(file), Err(CryptoError::Undecryptable), "{length}");
        }
    }

    #[test]
    fn keys_of_another_length_are_none_and_none_is_shown() {
        let (iv, key) = (STANDARD.encode([1; 16]), STANDARD.encode([2; 32]));
        assert!(MediaKeys::from_base64(&key, &iv, &key, &key, &key).is_ok());
        assert!(MediaKeys::from_base64(&key, &key, &key, &key, &key).is_err());
        assert!(MediaKeys::from_base64(&key, &iv, &iv, &key, &key).is_err());
        assert!(MediaKeys::from_base64(&key, &iv, &key, "?", &key).is_err());
        assert_eq!(
            format!("{:?}", MediaKeys::from_base64(&key, &iv, &key, &key, &key).unwrap()),
            "MediaKeys(..)"
        );
    }

    fn keys(metadata: &Value) -> MediaKeys {
        let text = |name: &str| metadata[name].as_str().unwrap();
        let [encrypted, iv, key, hmac, plain] =
            ["encrypted_hash", "iv", "encryption_key", "hmac_key", "plaintext_hash"].map(text);
        MediaKeys::from_base64(encrypted, iv, key, hmac, plain).unwrap()
    }
}
