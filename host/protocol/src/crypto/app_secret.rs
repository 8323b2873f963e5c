//! The app secret of a Meta app: the key of every request's signature.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The secret that Meta signs requests with. It is wiped when dropped and never shown.
#[derive(Clone)]
pub struct AppSecret(Zeroizing<Vec<u8>>);

impl AppSecret {
    /// Takes the secret as Meta's dashboard shows it. Its characters are the key; they are not
    /// decoded.
    pub fn new(secret: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// Whether `claimed` is the HMAC-SHA256 of `message` under this secret. Takes the same time for
    /// every wrong value.
    pub fn signed(&self, message: &[u8], claimed: &[u8; 32]) -> bool {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(message);
        mac.verify_slice(claimed).is_ok()
    }

    /// The secret's bytes, for sealing them into the database and for checking tokens.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for AppSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_own_signature_only() {
        // RFC 4231, test case 2.
        let mac = hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");

        assert!(AppSecret::new("Jefe").signed(b"what do ya want for nothing?", &mac));
        assert!(!AppSecret::new("Jefe").signed(b"what do ya want for nothing!", &mac));
        assert!(!AppSecret::new("jefe").signed(b"what do ya want for nothing?", &mac));
    }

    #[test]
    fn only_who_asks_for_the_secret_sees_it_as_it_was_given() {
        let secret = AppSecret::new("hush");
        assert_eq!(secret.expose(), b"hush");
        assert_eq!(format!("{secret:?}"), "AppSecret(..)");
    }

    fn hex(text: &str) -> [u8; 32] {
        let bytes: Vec<u8> = (0..64)
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect();
        bytes.try_into().unwrap()
    }
}
