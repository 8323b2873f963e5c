//! Encrypted PKCS#8: PBES2 (RFC 8018) with PBKDF2 or scrypt, and 3DES or AES.

use pkcs5::pbes2::{
    DES_EDE3_CBC_OID, EncryptionScheme, Kdf, PBES2_OID, PBKDF2_OID, Parameters, Pbkdf2Params,
    Pbkdf2Prf, SCRYPT_OID,
};
use pkcs8::ObjectIdentifier;
use pkcs8::der::asn1::{AnyRef, OctetStringRef};
use pkcs8::der::{self, Decode, ErrorKind, Reader, Tag};
use pkcs8::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::KeyFileError;
use crate::crypto::error::{
    DECRYPT_FIRST, DECRYPT_WITH_CRYPTOGRAPHY, DECRYPT_WITH_LEGACY_PROVIDER,
    DECRYPT_WITH_PYCRYPTODOME,
};

/// Decrypts a document. The result is unencrypted PKCS#8, or no key at all if a wrong passphrase
/// yields valid padding by chance.
pub(super) fn decrypt(
    document: &[u8],
    passphrase: Option<&str>,
) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let (scheme, data) = outer_parts(document).map_err(|_| senseless())?;
    if scheme.oid != PBES2_OID {
        return Err(unsupported(scheme.oid));
    }
    let (derivation, cipher) = pbes2_parts(scheme).map_err(|_| senseless())?;
    let parameters =
        Parameters { kdf: read_derivation(derivation)?, encryption: read_cipher(cipher)? };
    check_work(&parameters.kdf)?;
    let passphrase = passphrase.ok_or(KeyFileError::PassphraseMissing)?;
    // Only the passphrase can still be wrong: cipher and parameters were checked.
    parameters
        .decrypt(passphrase, data)
        .map(Zeroizing::new)
        .map_err(|_| KeyFileError::WrongPassphrase)
}

/// The scheme and the ciphertext.
fn outer_parts(document: &[u8]) -> der::Result<(AlgorithmIdentifierRef<'_>, &[u8])> {
    AnyRef::from_der(document)?
        .sequence(|fields| Ok((fields.decode()?, OctetStringRef::decode(fields)?.as_bytes())))
}

/// The key derivation and the cipher.
fn pbes2_parts(
    scheme: AlgorithmIdentifierRef<'_>,
) -> der::Result<(AlgorithmIdentifierRef<'_>, AlgorithmIdentifierRef<'_>)> {
    let parameters = scheme.parameters.ok_or(Tag::Sequence.value_error())?;
    parameters.sequence(|fields| Ok((fields.decode()?, fields.decode()?)))
}

fn read_derivation(derivation: AlgorithmIdentifierRef<'_>) -> Result<Kdf<'_>, KeyFileError> {
    let read = match derivation.oid {
        PBKDF2_OID => read_pbkdf2(derivation).map(Kdf::Pbkdf2),
        SCRYPT_OID => Kdf::try_from(derivation),
        other => return Err(unsupported(other)),
    };
    read.map_err(|error| match error.kind() {
        ErrorKind::OidUnknown { oid } => unsupported(oid),
        _ => senseless(),
    })
}

/// Like `pkcs5`, but accepts both forms of the hash's absent parameters: some programs write NULL,
/// others nothing.
fn read_pbkdf2(derivation: AlgorithmIdentifierRef<'_>) -> der::Result<Pbkdf2Params<'_>> {
    let parameters = derivation.parameters.ok_or(Tag::Sequence.value_error())?;
    parameters.sequence(|fields| {
        Ok(Pbkdf2Params {
            salt: OctetStringRef::decode(fields)?.as_bytes(),
            iteration_count: fields.decode()?,
            key_length: fields.decode()?,
            prf: match Option::<AlgorithmIdentifierRef<'_>>::decode(fields)? {
                None => Pbkdf2Prf::default(),
                Some(hash) => {
                    AlgorithmIdentifierRef { oid: hash.oid, parameters: Some(AnyRef::NULL) }
                        .try_into()?
                }
            },
        })
    })
}

/// Checks the cipher before `pkcs5` does: `pkcs5` cannot name a cipher that it does not know, and
/// its version 0.7 panics on a 3DES IV that is shorter than a block.
fn read_cipher(cipher: AlgorithmIdentifierRef<'_>) -> Result<EncryptionScheme<'_>, KeyFileError> {
    if !CIPHERS.contains(&cipher.oid) {
        return Err(unsupported(cipher.oid));
    }
    let vector = cipher
        .parameters
        .and_then(|parameters| parameters.decode_as::<OctetStringRef<'_>>().ok())
        .ok_or_else(senseless)?;
    if cipher.oid == DES_EDE3_CBC_OID && vector.as_bytes().len() != DES_BLOCK_BYTES {
        return Err(senseless());
    }
    cipher.try_into().map_err(|_| senseless())
}

fn senseless() -> KeyFileError {
    KeyFileError::Damaged("the parameters of its encryption make no sense".to_owned())
}

/// Limits the work that a file can cause, before any of it is done.
fn check_work(derivation: &Kdf<'_>) -> Result<(), KeyFileError> {
    match derivation {
        Kdf::Pbkdf2(parameters) if parameters.iteration_count > MAX_PBKDF2_ITERATIONS => {
            let work = format!("{} iterations of PBKDF2", parameters.iteration_count);
            Err(KeyFileError::TooMuchWork { work, advice: DECRYPT_FIRST })
        }
        Kdf::Pbkdf2(_) => Ok(()),
        Kdf::Scrypt(parameters) => {
            let (n, r, p) =
                (parameters.cost_parameter, parameters.block_size, parameters.parallelization);
            let blocks = n.saturating_mul(r.into());
            match blocks.saturating_mul(p.into()) {
                work if work > MAX_SCRYPT_WORK => {
                    let advice = if blocks >= OPENSSL_SCRYPT_BLOCKS {
                        DECRYPT_WITH_CRYPTOGRAPHY
                    } else {
                        DECRYPT_FIRST
                    };
                    Err(KeyFileError::TooMuchWork {
                        work: format!("scrypt with N={n}, r={r}, p={p}"),
                        advice,
                    })
                }
                // `pkcs5` takes the logarithm of N.
                work if work == 0 || !n.is_power_of_two() => Err(senseless()),
                _ => Ok(()),
            }
        }
        _ => Err(senseless()),
    }
}

/// The error for an unsupported algorithm: its name, or at least its number, and what reads it.
fn unsupported(oid: ObjectIdentifier) -> KeyFileError {
    let known = UNSUPPORTED.iter().find(|(number, ..)| *number == oid);
    let (cipher, advice) = match known {
        Some((_, name, advice)) => ((*name).to_owned(), *advice),
        None => (format!("the algorithm {oid}"), DECRYPT_FIRST),
    };
    KeyFileError::UnsupportedCipher { cipher, advice }
}

const CIPHERS: [ObjectIdentifier; 4] = [
    pkcs5::pbes2::AES_128_CBC_OID,
    pkcs5::pbes2::AES_192_CBC_OID,
    pkcs5::pbes2::AES_256_CBC_OID,
    DES_EDE3_CBC_OID,
];

/// Schemes that tools write or have written (PKCS#5 version 1, PKCS#12's schemes, PBES2 with other
/// ciphers and hashes), each with what reads it.
const UNSUPPORTED: [(ObjectIdentifier, &str, &str); 26] = [
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.3"),
        "PBE-MD5-DES",
        DECRYPT_WITH_LEGACY_PROVIDER,
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.6"),
        "PBE-MD5-RC2-64",
        DECRYPT_WITH_LEGACY_PROVIDER,
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.10"),
        "PBE-SHA1-DES",
        DECRYPT_WITH_LEGACY_PROVIDER,
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.11"),
        "PBE-SHA1-RC2-64",
        DECRYPT_WITH_LEGACY_PROVIDER,
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.1"),
        "PBE-SHA1-RC4-128",
        DECRYPT_WITH_LEGACY_PROVIDER,
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.2"),
        "PBE-SHA1-RC4-40",
        DECRYPT_WITH_LEGACY_PROVIDER,
    ),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3"), "PBE-SHA1-3DES", DECRYPT_FIRST),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.4"), "PBE-SHA1-2DES", DECRYPT_FIRST),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.5"),
        "PBE-SHA1-RC2-128",
        DECRYPT_WITH_LEGACY_PROVIDER,
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.6"),
        "PBE-SHA1-RC2-40",
        DECRYPT_WITH_LEGACY_PROVIDER,
    ),
    (ObjectIdentifier::new_unwrap("1.3.14.3.2.7"), "DES-CBC", DECRYPT_WITH_LEGACY_PROVIDER),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.3.2"), "RC2-CBC", DECRYPT_WITH_LEGACY_PROVIDER),
    (ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3029.1.2"), "BF-CBC", DECRYPT_WITH_LEGACY_PROVIDER),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113533.7.66.10"),
        "CAST5-CBC",
        DECRYPT_WITH_LEGACY_PROVIDER,
    ),
    (ObjectIdentifier::new_unwrap("1.2.410.200004.1.4"), "SEED-CBC", DECRYPT_WITH_LEGACY_PROVIDER),
    (ObjectIdentifier::new_unwrap("1.2.392.200011.61.1.1.1.2"), "CAMELLIA-128-CBC", DECRYPT_FIRST),
    (ObjectIdentifier::new_unwrap("1.2.392.200011.61.1.1.1.4"), "CAMELLIA-256-CBC", DECRYPT_FIRST),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.6"),
        "AES-128-GCM",
        DECRYPT_WITH_PYCRYPTODOME,
    ),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.26"),
        "AES-192-GCM",
        DECRYPT_WITH_PYCRYPTODOME,
    ),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.46"),
        "AES-256-GCM",
        DECRYPT_WITH_PYCRYPTODOME,
    ),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.2.12"), "HMAC-SHA512/224", DECRYPT_FIRST),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.2.13"), "HMAC-SHA512/256", DECRYPT_FIRST),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.13"),
        "HMAC-SHA3-224",
        DECRYPT_WITH_PYCRYPTODOME,
    ),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.14"),
        "HMAC-SHA3-256",
        DECRYPT_WITH_PYCRYPTODOME,
    ),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.15"),
        "HMAC-SHA3-384",
        DECRYPT_WITH_PYCRYPTODOME,
    ),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.16"),
        "HMAC-SHA3-512",
        DECRYPT_WITH_PYCRYPTODOME,
    ),
];

const DES_BLOCK_BYTES: usize = 8;

/// About two seconds of CPU. OpenSSL's default is 2,048; OWASP advises 600,000 (2023).
const MAX_PBKDF2_ITERATIONS: u32 = 2_000_000;

/// N times r times p. Each unit takes 128 bytes of memory, so at most 128 MiB, and about half a
/// second in all. OpenSSL's default is 2^17, RustCrypto's 2^20.
const MAX_SCRYPT_WORK: u64 = 1 << 20;

/// From here on OpenSSL refuses scrypt in a key file: 32 MiB, in blocks of 128 bytes.
const OPENSSL_SCRYPT_BLOCKS: u64 = 1 << 18;

#[cfg(test)]
mod tests {
    use super::super::tests::{encrypted_pkcs8 as document, ours, replaced};
    use super::*;

    /// Without a passphrase the work is only weighed, not done.
    #[test]
    fn work_up_to_the_limit_is_done_and_no_more() {
        let bytes = |hex: &str| hex::decode(hex).unwrap();
        let refused = |document: &[u8]| decrypt(document, None).unwrap_err();
        let pbkdf2 = document(&ours("private.pkcs8.2000001-iterations.pem"));
        let at_the_limit = replaced(&pbkdf2, &bytes("02031e8481"), &bytes("02031e8480"));
        assert_eq!(refused(&at_the_limit), KeyFileError::PassphraseMissing);
        assert!(matches!(refused(&pbkdf2), KeyFileError::TooMuchWork { .. }));

        let scrypt = document(&ours("private.pkcs8.scrypt-n18.python.pem"));
        let costs = |n_r_p: &str| {
            refused(&replaced(&scrypt, &bytes("0203040000020108020101"), &bytes(n_r_p)))
        };
        // 2^17 times 8 times 1.
        assert_eq!(costs("0203020000020108020101"), KeyFileError::PassphraseMissing);
        // OpenSSL opens what takes less than 32 MiB: 2^15 times 8 blocks are that much.
        for (n_r_p, command) in [
            ("0203020000020108020102", "cryptography"),
            ("0203008000020108020110", "cryptography"),
            ("0203008000020107020110", "openssl"),
        ] {
            let KeyFileError::TooMuchWork { advice, .. } = costs(n_r_p) else { panic!("{n_r_p}") };
            assert!(advice.contains(command), "{n_r_p}: {advice}");
        }
    }
}
