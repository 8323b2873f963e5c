//! Key files: generating a key pair and reading one that a user has. The `rsa` crate serves here,
//! where nobody can measure its timing; private keys in use are in [`rsa_key`](super::rsa_key).

mod contents;
mod der_shape;
mod encrypted_pkcs8;
mod legacy;
mod pem_text;

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use self::der_shape::Shape;
use self::pem_text::{Block, Content};
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
    /// Generates an RSA-2048 pair. Takes 50 to 500 ms of CPU: keep it off the async threads.
    pub fn generate() -> Self {
        let key =
            PrivateDecryptingKey::generate(KeySize::Rsa2048).expect("RSA-2048 keys can be made");
        let der = AsDer::<Pkcs8V1Der<'static>>::as_der(&key).expect("a new key can be encoded");
        let key = RsaPrivateKey::from_pkcs8_der(der.as_ref()).expect("a new key can be decoded");
        Self::of(&key).expect("a new key can be encoded")
    }

    /// The `rsa` crate accepts keys that it cannot encode, such as one whose two primes are equal.
    fn of(key: &RsaPrivateKey) -> Result<Self, KeyFileError> {
        let public = RsaPublicKey::from(key);
        Ok(Self {
            private_pkcs8: key
                .to_pkcs8_der()
                .map_err(|_| KeyFileError::Damaged("its numbers make no key".to_owned()))?
                .to_bytes(),
            public_pem: public
                .to_public_key_pem(LineEnding::LF)
                .expect("a public key can be encoded"),
            fingerprint: fingerprint(&public),
        })
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({})", self.fingerprint)
    }
}

/// Reads an RSA-2048 private key in PEM: PKCS#8 or PKCS#1, plain or encrypted (PBES2, or OpenSSL's
/// older form), in whatever state environment variables, secret stores and editors left it. It may
/// be encoded in base64 once more, or be DER in base64. The file may also contain certificates and
/// public keys.
///
/// A passphrase for a key that is not encrypted is ignored; an empty passphrase counts as absent.
/// Takes up to about two seconds of CPU and 128 MiB if the file's encryption asks for that much:
/// keep it off the async threads.
pub fn parse_private_key(file: &str, passphrase: Option<&str>) -> Result<KeyPair, KeyFileError> {
    if file.len() > MAX_FILE_BYTES {
        return Err(KeyFileError::TooLong(file.len()));
    }
    let content = contents::private_key_in(file)?;
    let key = read_rsa_key(content, passphrase.filter(|passphrase| !passphrase.is_empty()))?;
    match key.n().bits() {
        REQUIRED_BITS => KeyPair::of(&key),
        bits => Err(KeyFileError::WrongSize(bits)),
    }
}

/// The fingerprint of an RSA public key in PEM, as in [`KeyPair`]: SPKI or PKCS#1, in whatever
/// state it is. `None` if it is not such a key.
pub fn public_key_fingerprint(file: &str) -> Option<String> {
    let blocks = if file.len() > MAX_FILE_BYTES { Vec::new() } else { Block::all_in(file) };
    let block = blocks.iter().find(|block| block.is("PUBLIC KEY") || block.is("RSA PUBLIC KEY"))?;
    let der = block.decode().ok()?.data;
    let key = RsaPublicKey::from_public_key_der(&der)
        .ok()
        .or_else(|| RsaPublicKey::from_pkcs1_der(&der).ok())?;
    Some(fingerprint(&key))
}

fn fingerprint(key: &RsaPublicKey) -> String {
    let spki = key.to_public_key_der().expect("a public key can be encoded");
    let hex: String =
        Sha256::digest(spki.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn read_rsa_key(content: Content, passphrase: Option<&str>) -> Result<RsaPrivateKey, KeyFileError> {
    let Content { encryption, data } = content;
    if let Some(encryption) = encryption {
        return read_decrypted(&legacy::decrypt(&encryption, data, passphrase)?);
    }
    match Shape::of(&data) {
        Shape::EncryptedPkcs8 => read_decrypted(&encrypted_pkcs8::decrypt(&data, passphrase)?),
        Shape::Cut { there, due } => {
            Err(KeyFileError::Damaged(format!("it is cut: {there} of its {due} bytes are there")))
        }
        _ => read_der(&data),
    }
}

/// A wrong passphrase yields valid padding by chance in one of 256 cases, and the result is then
/// not a key.
fn read_decrypted(der: &[u8]) -> Result<RsaPrivateKey, KeyFileError> {
    read_der(der).map_err(|error| match error {
        KeyFileError::NotRsa => error,
        _ => KeyFileError::WrongPassphrase,
    })
}

fn read_der(der: &[u8]) -> Result<RsaPrivateKey, KeyFileError> {
    let damaged = || KeyFileError::Damaged("its data is not that of a private key".to_owned());
    match Shape::of(der) {
        Shape::Pkcs1 => RsaPrivateKey::from_pkcs1_der(der).map_err(|_| damaged()),
        Shape::NotRsa => Err(KeyFileError::NotRsa),
        _ => RsaPrivateKey::from_pkcs8_der(der).map_err(|error| match error {
            pkcs8::Error::PublicKey(pkcs8::spki::Error::OidUnknown { .. }) => KeyFileError::NotRsa,
            _ => damaged(),
        }),
    }
}

/// Meta accepts no other size.
const REQUIRED_BITS: usize = 2048;

/// A key of 16,384 bits, the largest that OpenSSL handles, takes 13 KiB. The rest is room for
/// remarks around it.
const MAX_FILE_BYTES: usize = 32 << 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::PrivateKey;

    #[test]
    fn reads_every_form_as_the_same_key() {
        let plain = [
            "private.pkcs8.pem",
            "private.pkcs1.pem",
            "private.crlf.pem",
            "private.escaped-newlines.pem",
        ];
        // An unneeded passphrase is ignored.
        for (form, passphrase) in plain
            .map(|form| (form, None))
            .into_iter()
            .chain(plain.map(|form| (form, Some("unneeded"))))
        {
            is_the_key_of_the_vectors(&vectors(form), passphrase);
        }
        is_the_key_of_the_vectors(vectors(plain[0]).trim_end(), None);
        for form in [
            "private.pkcs1.des3.pem",
            "private.pkcs1.aes256.pem",
            "private.pkcs8.des3.pem",
            "private.pkcs8.aes256.pem",
        ] {
            is_the_key_of_the_vectors(&vectors(form), Some(&passphrase()));
            is_the_key_of_the_vectors(&vectors(form).replace('\n', "\r\n"), Some(&passphrase()));
            is_the_key_of_the_vectors(
                vectors(form).replace('\n', "\\n").trim_end(),
                Some(&passphrase()),
            );
        }
        for form in [
            "private.pkcs1.aes128.pem",
            "private.pkcs1.aes192.pem",
            "private.pkcs8.scrypt.pem",
            "private.pkcs8.pbkdf2-sha1.pem",
        ] {
            is_the_key_of_the_vectors(&ours(form), Some(&passphrase()));
        }
    }

    #[test]
    fn says_what_else_a_file_is() {
        use KeyFileError::*;
        for (file, why) in [
            ("ec.private.pem", NotRsa),
            ("public.pem", PublicKey),
            ("small.1024.private.pem", WrongSize(1024)),
        ] {
            assert_eq!(parse_private_key(&vectors(file), None).unwrap_err(), why, "{file}");
        }
        for (file, why) in [
            ("certificate.pem", Certificate),
            ("ec.pkcs8.aes256.pem", NotRsa),
            ("small.1024.pkcs8.aes256.pem", WrongSize(1024)),
        ] {
            assert_eq!(
                parse_private_key(&ours(file), Some(&passphrase())).unwrap_err(),
                why,
                "{file}"
            );
        }
        let long = "x".repeat(MAX_FILE_BYTES + 1);
        assert_eq!(parse_private_key(&long, None).unwrap_err(), TooLong(long.len()));
    }

    #[test]
    fn a_file_may_be_as_long_as_the_limit_and_no_longer() {
        let (private, public) = (vectors("private.pkcs8.pem"), vectors("public.pem"));
        let padded = |key: &str, length: usize| format!("{key}{}", "\n".repeat(length - key.len()));
        for (length, is_read) in [(32_767, true), (32_768, true), (32_769, false), (40_000, false)]
        {
            let pair = parse_private_key(&padded(&private, length), None);
            assert_eq!(pair.is_ok(), is_read, "{length}");
            let fingerprint = public_key_fingerprint(&padded(&public, length));
            assert_eq!(fingerprint.is_some(), is_read, "{length}");
        }
    }

    #[test]
    fn an_encrypted_key_of_another_kind_is_not_rsa_whatever_its_label() {
        let key = ours("ec.aes128.pem");
        for label in ["EC PRIVATE KEY", "RSA PRIVATE KEY"] {
            let file = key.replace("EC PRIVATE KEY", label);
            let why = parse_private_key(&file, Some(&passphrase())).unwrap_err();
            assert_eq!(why, KeyFileError::NotRsa, "{label}");
        }
    }

    /// Each of the commands was run on the file.
    #[test]
    fn a_file_it_can_not_open_is_refused_with_a_command_that_can() {
        let (pkey, legacy, python) = (
            "-out plain.pem",
            "-out plain.pem -provider legacy -provider default",
            "install pycryptodome && ",
        );
        for (file, what, command) in [
            ("private.pkcs1.camellia256.pem", "encrypted with CAMELLIA-256-CBC,", pkey),
            ("private.pkcs1.des.go.pem", "encrypted with DES-CBC,", legacy),
            ("private.pkcs1.cast5.pem", "encrypted with CAST5-CBC,", legacy),
            ("private.pkcs8.camellia256.pem", "encrypted with CAMELLIA-256-CBC,", pkey),
            ("private.pkcs8.pbe-sha1-3des.pem", "encrypted with PBE-SHA1-3DES,", pkey),
            ("private.pkcs8.pbe-sha1-3des.java.pem", "encrypted with PBE-SHA1-3DES,", pkey),
            ("private.pkcs8.pbe-md5-des.pem", "encrypted with PBE-MD5-DES,", legacy),
            ("private.pkcs8.des.pem", "encrypted with DES-CBC,", legacy),
            ("private.pkcs8.hmac-sha512-256.pem", "encrypted with HMAC-SHA512/256,", pkey),
            ("private.pkcs8.aes256-gcm.python.pem", "encrypted with AES-256-GCM,", python),
            ("private.pkcs8.sha3.python.pem", "encrypted with HMAC-SHA3-256,", python),
            ("private.pkcs8.2000001-iterations.pem", "take 2000001 iterations of PBKDF2,", pkey),
            ("private.pkcs8.scrypt-p16.pem", "take scrypt with N=16384, r=8, p=16,", pkey),
            (
                "private.pkcs8.scrypt-n18.python.pem",
                "take scrypt with N=262144, r=8, p=1,",
                "install cryptography && ",
            ),
        ] {
            let shown =
                parse_private_key(&ours(file), Some(&passphrase())).unwrap_err().to_string();
            let is_last =
                shown.ends_with(command) || shown.contains("pip ") && shown.contains(command);
            assert!(shown.contains(what) && is_last, "{file}: {shown}");
        }
    }

    #[test]
    fn reads_what_other_programs_encrypted() {
        for file in [
            "private.pkcs1.aes128.ssh-keygen.pem",
            "private.pkcs8.3des.php.pem",
            "private.pkcs8.aes192.go.pem",
            "private.pkcs8.aes256-sha512.java.pem",
            "private.pkcs8.aes256.python.pem",
            "private.pkcs8.sha512-without-null.python.pem",
            "private.pkcs8.scrypt-n17.python.pem",
        ] {
            is_the_key_of_the_vectors(&ours(file), Some(&passphrase()));
        }
        assert!(parse_private_key(&ours("private.pkcs8.aes128.phpseclib.pem"), Some("pw")).is_ok());
    }

    #[test]
    fn asks_for_the_passphrase_of_a_file_and_says_when_it_is_wrong() {
        for form in [
            "private.pkcs1.des3.pem",
            "private.pkcs1.aes256.pem",
            "private.pkcs8.des3.pem",
            "private.pkcs8.aes256.pem",
        ] {
            for none in [None, Some("")] {
                assert_eq!(
                    parse_private_key(&vectors(form), none).unwrap_err(),
                    KeyFileError::PassphraseMissing,
                    "{form}"
                );
            }
            for wrong in ["wrong", " ", "throw-away passphrase "] {
                assert_eq!(
                    parse_private_key(&vectors(form), Some(wrong)).unwrap_err(),
                    KeyFileError::WrongPassphrase,
                    "{form}"
                );
            }
        }
    }

    #[test]
    fn a_wrong_passphrase_whose_padding_fits_by_chance_is_wrong_too() {
        let pem = vectors("private.pkcs1.aes256.pem");
        let fits = |guess: &String| {
            let Content { encryption, data } = contents::private_key_in(&pem).unwrap();
            legacy::decrypt(&encryption.unwrap(), data, Some(guess)).is_ok()
        };
        let by_chance = (0..4000).map(|number| format!("guess {number}")).find(fits);

        let guess = by_chance.expect("one in 256 fits");
        assert_eq!(
            parse_private_key(&pem, Some(&guess)).unwrap_err(),
            KeyFileError::WrongPassphrase
        );
    }

    /// `pkcs5` would panic on some of these.
    #[test]
    fn parameters_that_make_no_sense_or_are_unknown_are_refused() {
        let des3 = encrypted_pkcs8(&vectors("private.pkcs8.des3.pem"));
        let (scheme, derivation, cipher) = (&des3[6..17], &des3[19..62], &des3[64..74]);
        let bytes = |hex: &str| hex::decode(hex).unwrap();
        let short_vector = [
            &bytes("30543048"),
            scheme,
            &bytes("303b"),
            derivation,
            &bytes("300e"),
            cipher,
            &bytes("040200000408"),
            &[0; 8],
        ]
        .concat();
        let scrypt = encrypted_pkcs8(&ours("private.pkcs8.scrypt.pem"));
        let cost = |number: &str| replaced(&scrypt, &bytes("02024000020108020101"), &bytes(number));
        for document in [
            short_vector,
            cost("02020000020108020101"),
            cost("02024001020108020101"),
            cost("02024000020100020101"),
        ] {
            let pem = pem::encode(&pem::Pem::new("ENCRYPTED PRIVATE KEY", document));
            let why =
                KeyFileError::Damaged("the parameters of its encryption make no sense".to_owned());
            assert_eq!(parse_private_key(&pem, Some("x")).unwrap_err(), why);
        }
        let other_hash =
            replaced(&des3, &bytes("06082a864886f70d0209"), &bytes("06082a864886f70d020e"));
        let pem = pem::encode(&pem::Pem::new("ENCRYPTED PRIVATE KEY", other_hash));
        let why = parse_private_key(&pem, Some("x")).unwrap_err().to_string();
        assert!(why.contains("the algorithm 1.2.840.113549.2.14"), "{why}");
        for info in [
            "AES-256-CBC",
            "AES-256-CBC,",
            "AES-256-CBC,00",
            "DES-EDE3-CBC,zz",
            "AES-128-CBC,3487E01F5FAD07E9",
            ",",
        ] {
            let pem = vectors("private.pkcs1.aes256.pem");
            let (start, rest) = pem.split_once("DEK-Info: ").unwrap();
            let pem = format!("{start}DEK-Info: {info}\n{}", rest.split_once('\n').unwrap().1);
            let why = parse_private_key(&pem, Some("x")).unwrap_err();
            assert!(
                matches!(why, KeyFileError::Damaged(_) | KeyFileError::UnsupportedCipher { .. }),
                "{info}: {why}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_damage_to_an_encrypted_file_is_a_panic(
            at in any::<prop::sample::Index>(), byte in any::<u8>(), form in prop::sample::select(vec!["des3", "aes256"]),
        ) {
            // The parameters come first; damage behind them would only cost time.
            let mut document = encrypted_pkcs8(&vectors(&format!("private.pkcs8.{form}.pem")));
            let at = at.index(110);
            document[at] = byte;
            let pem = pem::encode(&pem::Pem::new("ENCRYPTED PRIVATE KEY", document));
            // No passphrase, so that an iteration count just below the limit is not worked off.
            prop_assert!(parse_private_key(&pem, None).is_err());
        }
    }

    #[test]
    fn a_key_whose_primes_are_the_same_is_refused() {
        let file = fixture("../fuzz/seeds/key_file/refused-equal-primes.pem");
        assert!(matches!(parse_private_key(&file, None).unwrap_err(), KeyFileError::Damaged(_)));
    }

    #[test]
    fn makes_keys_that_differ_and_work() {
        let (one, other) = (KeyPair::generate(), KeyPair::generate());
        assert_ne!(one.fingerprint, other.fingerprint);
        assert!(PrivateKey::from_pkcs8(&one.private_pkcs8).is_ok());
        assert!(one.public_pem.starts_with("-----BEGIN PUBLIC KEY-----\n"));
        assert_eq!(public_key_fingerprint(&one.public_pem).as_ref(), Some(&one.fingerprint));
        assert_eq!(format!("{one:?}"), format!("KeyPair({})", one.fingerprint));
    }

    #[test]
    fn a_public_key_has_the_fingerprint_of_its_pair_in_every_form() {
        let pair = parse_private_key(&vectors("private.pkcs8.pem"), None).unwrap();
        let public = vectors("public.pem");
        let spki = RsaPublicKey::from_public_key_pem(&public).unwrap();
        let pkcs1 = pkcs1::EncodeRsaPublicKey::to_pkcs1_pem(&spki, LineEnding::LF).unwrap();
        for form in [
            public.clone(),
            public.trim_end().to_owned(),
            public.replace('\n', "\r\n"),
            public.replace('\n', "\\n"),
            pkcs1,
        ] {
            assert_eq!(public_key_fingerprint(&form), Some(pair.fingerprint.clone()), "{form}");
        }
        let not_keys = [
            "",
            "x",
            &public[..200],
            &vectors("private.pkcs8.pem"),
            &ours("certificate.pem"),
            &"x".repeat(MAX_FILE_BYTES + 1),
        ];
        for no_key in not_keys {
            assert_eq!(public_key_fingerprint(no_key), None);
        }
    }

    fn is_the_key_of_the_vectors(pem: &str, passphrase: Option<&str>) {
        let pair = parse_private_key(pem, passphrase)
            .unwrap_or_else(|error| panic!("{error}\n{}", &pem[..120]));
        assert_eq!(pair.public_pem, vectors("public.pem"));
        assert!(PrivateKey::from_pkcs8(&pair.private_pkcs8).is_ok());
    }

    pub(super) fn encrypted_pkcs8(pem: &str) -> Vec<u8> {
        pem::parse(pem).unwrap().into_contents()
    }

    /// The document with one part replaced by another of the same length.
    pub(super) fn replaced(document: &[u8], part: &[u8], by: &[u8]) -> Vec<u8> {
        assert_eq!(part.len(), by.len());
        let at = document
            .windows(part.len())
            .position(|window| window == part)
            .expect("the part is there");
        [&document[..at], by, &document[at + part.len()..]].concat()
    }

    fn passphrase() -> String {
        let judge: serde_json::Value =
            serde_json::from_str(&fixture("vectors/exchanges.json")).unwrap();
        judge["passphrase"].as_str().unwrap().to_owned()
    }

    pub(super) fn vectors(name: &str) -> String {
        fixture(&format!("vectors/keys/{name}"))
    }

    pub(super) fn ours(name: &str) -> String {
        fixture(&format!("keys/{name}"))
    }

    fn fixture(name: &str) -> String {
        std::fs::read_to_string(format!(
            "{}/../../tests/fixtures/{name}",
            env!("CARGO_MANIFEST_DIR")
        ))
        .unwrap()
    }
}
