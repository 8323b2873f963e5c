//! Key files: making a key pair and reading one that a user has. The `rsa` crate serves here, where nobody can time it; private
//! keys at work are in [`rsa_key`](super::rsa_key).

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::KeyFileError;

/// A key pair as it is stored and shown.
pub struct KeyPair {
    /// The private key: PKCS#8 in DER.
    pub private_pkcs8: Zeroizing<Vec<u8>>,
    /// The public key to upload to Meta: SPKI in PEM.
    pub public_pem: String,
    /// SHA-256 of the public key's SPKI in DER, as `sha256:` and 64 hex digits.
    pub fingerprint: String,
}

impl KeyPair {
    /// Makes a new RSA-2048 pair. Takes 50 to 500 ms of CPU: keep it off the async threads.
    pub fn generate() -> Self {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).expect("RSA-2048 keys can be made");
        let der = AsDer::<Pkcs8V1Der<'static>>::as_der(&key).expect("a new key can be encoded");
        let key = RsaPrivateKey::from_pkcs8_der(der.as_ref()).expect("a new key can be decoded");
        Self::of(&key)
    }

    fn of(key: &RsaPrivateKey) -> Self {
        let public = RsaPublicKey::from(key);
        let spki = public.to_public_key_der().expect("a public key can be encoded");
        let digest = Sha256::digest(spki.as_bytes());
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            private_pkcs8: key.to_pkcs8_der().expect("a private key can be encoded").to_bytes(),
            public_pem: public.to_public_key_pem(LineEnding::LF).expect("a public key can be encoded"),
            fingerprint: format!("sha256:{hex}"),
        }
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({})", self.fingerprint)
    }
}

/// Reads an RSA-2048 private key: PKCS#8 or PKCS#1 in PEM, also with CRLF or with newlines written out as `\n`, as they come
/// out of environment variables and secret stores.
pub fn parse_private_key(pem: &str) -> Result<KeyPair, KeyFileError> {
    let pem = Zeroizing::new(repair_newlines(pem));
    let key = match label(&pem) {
        Some("PRIVATE KEY") => RsaPrivateKey::from_pkcs8_pem(&pem).map_err(|error| pkcs8_error(&error))?,
        Some("RSA PRIVATE KEY") if pem.contains("ENCRYPTED") => return Err(KeyFileError::Encrypted),
        Some("RSA PRIVATE KEY") => RsaPrivateKey::from_pkcs1_pem(&pem).map_err(|_| KeyFileError::Unreadable)?,
        Some("ENCRYPTED PRIVATE KEY") => return Err(KeyFileError::Encrypted),
        Some("PUBLIC KEY" | "RSA PUBLIC KEY") => return Err(KeyFileError::PublicKey),
        Some("CERTIFICATE") => return Err(KeyFileError::Certificate),
        Some("EC PRIVATE KEY" | "DSA PRIVATE KEY") => return Err(KeyFileError::NotRsa),
        _ => return Err(KeyFileError::Unreadable),
    };
    match key.n().bits() {
        REQUIRED_BITS => Ok(KeyPair::of(&key)),
        bits => Err(KeyFileError::WrongSize(bits)),
    }
}

fn repair_newlines(pem: &str) -> String {
    let mut repaired = pem.replace("\\n", "\n").replace("\r\n", "\n").trim().to_owned();
    repaired.push('\n');
    repaired
}

/// What the first PEM block says that it is.
fn label(pem: &str) -> Option<&str> {
    let (_, after) = pem.split_once("-----BEGIN ")?;
    after.split_once("-----").map(|(label, _)| label)
}

fn pkcs8_error(error: &rsa::pkcs8::Error) -> KeyFileError {
    match error {
        rsa::pkcs8::Error::PublicKey(rsa::pkcs8::spki::Error::OidUnknown { .. }) => KeyFileError::NotRsa,
        _ => KeyFileError::Unreadable,
    }
}

/// Meta takes no other size.
const REQUIRED_BITS: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::PrivateKey;

    #[test]
    fn reads_every_unencrypted_form_as_the_same_key() {
        let forms = ["private.pkcs8.pem", "private.pkcs1.pem", "private.crlf.pem", "private.escaped-newlines.pem"];
        let keys: Vec<_> = forms.iter().map(|form| parse_private_key(&fixture(form)).expect(form)).collect();

        assert!(keys.iter().all(|key| key.fingerprint == keys[0].fingerprint));
        assert_eq!(keys[0].public_pem, fixture("public.pem"));
        assert!(PrivateKey::from_pkcs8(&keys[0].private_pkcs8).is_ok());
        assert!(parse_private_key(fixture("private.pkcs8.pem").trim_end()).is_ok());
    }

    #[test]
    fn says_what_else_a_file_is() {
        use KeyFileError::*;
        for (file, why) in [
            ("ec.private.pem", NotRsa),
            ("public.pem", PublicKey),
            ("small.1024.private.pem", WrongSize(1024)),
            ("private.pkcs1.des3.pem", Encrypted),
            ("private.pkcs1.aes256.pem", Encrypted),
            ("private.pkcs8.des3.pem", Encrypted),
            ("private.pkcs8.aes256.pem", Encrypted),
        ] {
            assert_eq!(parse_private_key(&fixture(file)).unwrap_err(), why, "{file}");
        }
        for garbage in
            ["", "x", "-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"]
        {
            assert_eq!(parse_private_key(garbage).unwrap_err(), Unreadable, "{garbage}");
        }
    }

    #[test]
    fn makes_keys_that_differ_and_work() {
        let (one, other) = (KeyPair::generate(), KeyPair::generate());
        assert_ne!(one.fingerprint, other.fingerprint);
        assert!(PrivateKey::from_pkcs8(&one.private_pkcs8).is_ok());
        assert!(one.public_pem.starts_with("-----BEGIN PUBLIC KEY-----\n"));
    }

    fn fixture(name: &str) -> String {
        std::fs::read_to_string(format!("{}/../tests/fixtures/vectors/keys/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }
}
