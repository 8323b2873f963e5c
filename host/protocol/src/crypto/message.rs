//! AES-128-GCM with a 16-byte nonce, as WhatsApp Flows use it (`protocol.md` section 2). aws-lc-rs
//! supports 12-byte nonces only, hence the `aes-gcm` crate.

use std::fmt;

use aes_gcm::aead::consts::U16;
use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::aes::Aes128;
use aes_gcm::{AesGcm, Nonce};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::CryptoError;

type MessageCipher = AesGcm<Aes128, U16>;

/// The AES-128 key of one request and its reply. It is wiped when dropped and never shown.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct MessageKey([u8; 16]);

impl MessageKey {
    /// Takes the 16 bytes that RSA decrypted. Any other length is undecryptable.
    pub fn new(bytes: &[u8]) -> Result<Self, CryptoError> {
        bytes.try_into().map(Self).map_err(|_| CryptoError::Undecryptable)
    }

    /// Decrypts ciphertext and tag. Fails if they are damaged or shorter than a tag.
    pub fn decrypt(&self, iv: &Iv, ciphertext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.cipher().decrypt(&iv.nonce(), ciphertext).map_err(|_| CryptoError::Undecryptable)
    }

    /// Encrypts and appends the tag.
    pub fn encrypt(&self, iv: &Iv, plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.cipher().encrypt(&iv.nonce(), plaintext).map_err(|_| CryptoError::Unencryptable)
    }

    fn cipher(&self) -> MessageCipher {
        MessageCipher::new(&self.0.into())
    }
}

impl fmt::Debug for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageKey(..)")
    }
}

/// The 16-byte initial vector of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Iv([u8; 16]);

impl Iv {
    /// Takes the request's 16 bytes. Any other length (12 is a common mistake) is undecryptable.
    pub fn new(bytes: &[u8]) -> Result<Self, CryptoError> {
        bytes.try_into().map(Self).map_err(|_| CryptoError::Undecryptable)
    }

    /// The reply's vector: every bit of the request's, inverted.
    pub fn inverted(self) -> Self {
        Self(self.0.map(|byte| !byte))
    }

    fn nonce(self) -> Nonce<U16> {
        self.0.into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn opens_what_it_sealed_and_nothing_with_a_flipped_bit(
            key in any::<[u8; 16]>(), iv in any::<[u8; 16]>(), text in proptest::collection::vec(any::<u8>(), 0..200), bit in any::<usize>(),
        ) {
            let key = MessageKey::new(&key).unwrap();
            let iv = Iv::new(&iv).unwrap();
            let mut sealed = key.encrypt(&iv, &text).unwrap();
            prop_assert_eq!(key.decrypt(&iv, &sealed).unwrap(), text);
            prop_assert!(key.decrypt(&iv.inverted(), &sealed).is_err());

            let bit = bit % (sealed.len() * 8);
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(key.decrypt(&iv, &sealed), Err(CryptoError::Undecryptable));
        }
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", MessageKey::new(&[7; 16]).unwrap()), "MessageKey(..)");
    }

    #[test]
    fn refuses_keys_and_vectors_of_other_lengths() {
        for length in [0, 12, 15, 17, 32] {
            assert!(MessageKey::new(&vec![0; length]).is_err());
            assert!(Iv::new(&vec![0; length]).is_err());
        }
    }
}
