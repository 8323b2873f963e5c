//! Encrypted PKCS#8: PBES2 (RFC 8018) with PBKDF2 or scrypt, and 3DES or AES.

use pkcs5::EncryptionScheme;
use pkcs5::pbes2::{DES_EDE3_CBC_OID, Kdf, PBES2_OID};
use pkcs8::der::asn1::{AnyRef, OctetStringRef};
use pkcs8::der::{self, Decode, Reader, SecretDocument};
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{EncryptedPrivateKeyInfo, ObjectIdentifier};

use super::KeyFileError;

/// Decrypts the first PEM block; what comes out is unencrypted PKCS#8, or no key at all if the passphrase's padding fitted by
/// chance.
pub(super) fn decrypt(pem: &str, passphrase: Option<&str>) -> Result<SecretDocument, KeyFileError> {
    let (_, document) = SecretDocument::from_pem(pem).map_err(|_| KeyFileError::Unreadable)?;
    check_cipher(document.as_bytes())?;
    let info = EncryptedPrivateKeyInfo::try_from(document.as_bytes()).map_err(|error| parameters_error(&error))?;
    check_work(&info.encryption_algorithm)?;
    let passphrase = passphrase.ok_or(KeyFileError::PassphraseMissing)?;
    // Only the passphrase is left to be wrong: cipher and parameters were checked.
    info.decrypt(passphrase).map_err(|_| KeyFileError::WrongPassphrase)
}

/// Looks at the cipher before `pkcs5` does: that can't name one that it doesn't know, and version 0.7 panics on a vector for 3DES
/// that is shorter than a block.
fn check_cipher(document: &[u8]) -> Result<(), KeyFileError> {
    let scheme = scheme(document).map_err(|_| KeyFileError::Unreadable)?;
    if scheme.oid != PBES2_OID {
        return Err(KeyFileError::UnsupportedCipher(name(scheme.oid)));
    }
    let (derivation, cipher) = pbes2_parts(scheme).map_err(|_| KeyFileError::Unreadable)?;
    let vector = cipher.parameters.and_then(|parameters| parameters.decode_as::<OctetStringRef<'_>>().ok());
    match vector {
        _ if !DERIVATIONS.contains(&derivation.oid) => Err(KeyFileError::UnsupportedCipher(name(derivation.oid))),
        _ if !CIPHERS.contains(&cipher.oid) => Err(KeyFileError::UnsupportedCipher(name(cipher.oid))),
        Some(vector) if cipher.oid != DES_EDE3_CBC_OID || vector.as_bytes().len() == DES_BLOCK_BYTES => Ok(()),
        _ => Err(KeyFileError::Unreadable),
    }
}

/// Cipher and derivation are known; what is left is the hash inside the derivation.
fn parameters_error(error: &pkcs8::Error) -> KeyFileError {
    match error {
        pkcs8::Error::Asn1(error) => match error.kind() {
            der::ErrorKind::OidUnknown { oid } => KeyFileError::UnsupportedCipher(name(oid)),
            _ => KeyFileError::Unreadable,
        },
        _ => KeyFileError::Unreadable,
    }
}

fn scheme(document: &[u8]) -> der::Result<AlgorithmIdentifierRef<'_>> {
    AnyRef::from_der(document)?.sequence(|fields| {
        let scheme = AlgorithmIdentifierRef::decode(fields)?;
        OctetStringRef::decode(fields)?;
        Ok(scheme)
    })
}

/// The key derivation and the cipher.
fn pbes2_parts(scheme: AlgorithmIdentifierRef<'_>) -> der::Result<(AlgorithmIdentifierRef<'_>, AlgorithmIdentifierRef<'_>)> {
    let parameters = scheme.parameters.ok_or(der::Tag::Sequence.value_error())?;
    parameters.sequence(|fields| Ok((fields.decode()?, fields.decode()?)))
}

/// Bounds what a file can make this host do, before any of it is done.
fn check_work(scheme: &EncryptionScheme<'_>) -> Result<(), KeyFileError> {
    match scheme.pbes2().map(|parameters| &parameters.kdf) {
        Some(Kdf::Pbkdf2(parameters)) if parameters.iteration_count > MAX_PBKDF2_ITERATIONS => {
            Err(KeyFileError::TooMuchWork(format!("{} iterations of PBKDF2", parameters.iteration_count)))
        }
        Some(Kdf::Pbkdf2(_)) => Ok(()),
        Some(Kdf::Scrypt(parameters)) => {
            let (n, r, p) = (parameters.cost_parameter, parameters.block_size, parameters.parallelization);
            match n.saturating_mul(r.into()).saturating_mul(p.into()) {
                work if work > MAX_SCRYPT_WORK => Err(KeyFileError::TooMuchWork(format!("scrypt with N={n}, r={r}, p={p}"))),
                // `pkcs5` takes the logarithm of N.
                work if work == 0 || !n.is_power_of_two() => Err(KeyFileError::Unreadable),
                _ => Ok(()),
            }
        }
        _ => Err(KeyFileError::Unreadable),
    }
}

/// The name of an algorithm that is not read here, or at least its number.
fn name(oid: ObjectIdentifier) -> String {
    let known = UNSUPPORTED.iter().find(|(number, _)| *number == oid);
    known.map_or_else(|| format!("the algorithm {oid}"), |(_, name)| (*name).to_owned())
}

const DERIVATIONS: [ObjectIdentifier; 2] = [pkcs5::pbes2::PBKDF2_OID, pkcs5::pbes2::SCRYPT_OID];

const CIPHERS: [ObjectIdentifier; 4] =
    [pkcs5::pbes2::AES_128_CBC_OID, pkcs5::pbes2::AES_192_CBC_OID, pkcs5::pbes2::AES_256_CBC_OID, DES_EDE3_CBC_OID];

/// What tools do write, or did: PKCS#5 version 1, PKCS#12's schemes, and PBES2 with other ciphers.
const UNSUPPORTED: [(ObjectIdentifier, &str); 9] = [
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.3"), "PBE-MD5-DES"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.10"), "PBE-SHA1-DES"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3"), "PBE-SHA1-3DES"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.6"), "PBE-SHA1-RC2-40"),
    (ObjectIdentifier::new_unwrap("1.3.14.3.2.7"), "DES-CBC"),
    (ObjectIdentifier::new_unwrap("1.2.392.200011.61.1.1.1.2"), "CAMELLIA-128-CBC"),
    (ObjectIdentifier::new_unwrap("1.2.392.200011.61.1.1.1.4"), "CAMELLIA-256-CBC"),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.6"), "AES-128-GCM"),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.46"), "AES-256-GCM"),
];

const DES_BLOCK_BYTES: usize = 8;

/// About two seconds of CPU. OpenSSL's default is 2,048; OWASP advises 600,000 (2023).
const MAX_PBKDF2_ITERATIONS: u32 = 2_000_000;

/// N times r times p; 128 bytes of memory for each, so at most 128 MiB, and about half a second. OpenSSL's default is 2^17, RustCrypto's
/// 2^20.
const MAX_SCRYPT_WORK: u64 = 1 << 20;
