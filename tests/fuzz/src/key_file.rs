//! Key files: what `crypto::parse_private_key` accepts is an RSA-2048 key that the host can use and that stays the same when it is
//! written out and read again.
//!
//! Input: `8` or `1` and the DER that a PEM block of PKCS#8 or PKCS#1 gets; or a whole file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flowhost::crypto::{KeyFileError, KeyPair, PrivateKey, parse_private_key};
use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey;
use rsa::traits::PublicKeyParts;

use crate::oracle::hex;

/// Gives whether the host took the file for a usable key.
///
/// # Panics
/// Where the key is of another size, is one that the host can't decrypt with, or changes when it is read again.
pub fn check(data: &[u8]) -> bool {
    let file = match data.split_first() {
        Some((b'8', der)) => pem("PRIVATE KEY", der),
        Some((b'1', der)) => pem("RSA PRIVATE KEY", der),
        _ => String::from_utf8_lossy(data).into_owned(),
    };
    let Ok(pair) = parse(&file) else { return false };
    let public = RsaPublicKey::from_public_key_pem(&pair.public_pem).expect("the public key can be read");
    assert_eq!(public.n().bits(), 2048);
    assert!(PrivateKey::from_pkcs8(&pair.private_pkcs8).is_ok(), "the host can't use the key that it imported");
    let again = parse(&pem("PRIVATE KEY", &pair.private_pkcs8)).expect("a key that was written out can be read");
    assert_eq!(hex(&again.private_pkcs8), hex(&pair.private_pkcs8));
    assert_eq!((again.public_pem, again.fingerprint), (pair.public_pem, pair.fingerprint));
    true
}

/// The one place that knows the arguments.
fn parse(file: &str) -> Result<KeyPair, KeyFileError> {
    parse_private_key(file)
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<String> = base64.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
