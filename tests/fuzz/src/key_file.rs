//! Key files: what `crypto::parse_private_key` accepts is an RSA-2048 key that the host can use and
//! that stays the same when it is written out and read again.
//!
//! Input, one of: `8` or `1` and the DER for a PEM block of PKCS#8 or PKCS#1; `n` and a byte for
//! each number of a PKCS#1 key (see `numbers`); `p`, a line with a passphrase, and a file; a whole
//! file.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flowhost_protocol::crypto::{PrivateKey, parse_private_key};
use rsa::pkcs1::UintRef;
use rsa::pkcs1::der::Encode;
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BigUint, RsaPrivateKey, RsaPublicKey};

use crate::oracle::hex;

/// Returns whether the host accepted the file as a usable key.
///
/// If the key has another size, if the host can't decrypt with it, or if it changes when it is read
/// again.
pub fn check(data: &[u8]) -> bool {
    let mut passphrase = None;
    let file = match data.split_first() {
        Some((b'p', text)) => {
            let text = String::from_utf8_lossy(text);
            let (line, file) = text.split_once('\n').unwrap_or(("", &text));
            passphrase = Some(line.to_owned());
            file.to_owned()
        }
        Some((b'8', der)) => pem("PRIVATE KEY", der),
        Some((b'1', der)) => pem("RSA PRIVATE KEY", der),
        Some((b'n', choices)) => pem(
            "RSA PRIVATE KEY",
            &numbers(choices).expect("bytes can be read from too few as well"),
        ),
        _ => String::from_utf8_lossy(data).into_owned(),
    };
    let Ok(pair) = parse_private_key(&file, passphrase.as_deref()) else { return false };
    let public =
        RsaPublicKey::from_public_key_pem(&pair.public_pem).expect("the public key can be read");
    assert_eq!(public.n().bits(), 2048);
    assert!(
        PrivateKey::from_pkcs8(&pair.private_pkcs8).is_ok(),
        "the host can't use the key that it imported"
    );
    let again = parse_private_key(&pem("PRIVATE KEY", &pair.private_pkcs8), None)
        .expect("a key that was written out can be read");
    assert_eq!(hex(&again.private_pkcs8), hex(&pair.private_pkcs8));
    assert_eq!((again.public_pem, again.fingerprint), (pair.public_pem, pair.fingerprint));
    true
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<String> = base64
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A PKCS#1 key made of numbers that are related, which mutated bytes never are. The first byte
/// says whether the modulus is the product of the primes. Then a byte each chooses modulus, public
/// and private exponent, first and second prime: 0 is that number of a good key, 1 to 5 another
/// number of that key, more a small number.
fn numbers(choices: &[u8]) -> Result<Vec<u8>> {
    let mut choices = Unstructured::new(choices);
    let multiply: u8 = choices.arbitrary()?;
    let mut chosen = KEY.clone();
    for number in &mut chosen {
        match usize::from(choices.arbitrary::<u8>()?) {
            0 => (),
            other @ 1..=5 => *number = KEY[other - 1].clone(),
            small => *number = BigUint::from(small - 6),
        }
    }
    if multiply % 2 == 1 {
        chosen[0] = &chosen[3] * &chosen[4];
    }
    let [modulus, public_exponent, private_exponent, prime1, prime2] =
        chosen.map(|number| number.to_bytes_be());
    // The numbers that follow from the others are not read, but must be there.
    let unread = UintRef::new(&[1]).expect("one is a number");
    let key = rsa::pkcs1::RsaPrivateKey {
        modulus: uint(&modulus),
        public_exponent: uint(&public_exponent),
        private_exponent: uint(&private_exponent),
        prime1: uint(&prime1),
        prime2: uint(&prime2),
        exponent1: unread,
        exponent2: unread,
        coefficient: unread,
        other_prime_infos: None,
    };
    Ok(key.to_der().expect("a few thousand bits can be encoded"))
}

fn uint(bytes: &[u8]) -> UintRef<'_> {
    UintRef::new(bytes).expect("a few thousand bits are a number")
}

/// Modulus, public exponent, private exponent and the primes of a good key.
static KEY: LazyLock<[BigUint; 5]> = LazyLock::new(|| {
    let pem = include_str!("../../fixtures/vectors/keys/private.pkcs8.pem");
    let key = RsaPrivateKey::from_pkcs8_pem(pem).expect("the key can be read");
    let [one, other] = key.primes() else { panic!("the key has two primes") };
    [key.n().clone(), key.e().clone(), key.d().clone(), one.clone(), other.clone()]
});
