//! The errors of [`crypto`](super).

/// A cryptographic operation failed. Carries no detail on purpose.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CryptoError {
    /// Sealed bytes do not open: another key, another context, or damage.
    #[error("the sealed value doesn't open with this key at this place")]
    Unsealable,
    /// A message or a wrapped key does not decrypt.
    #[error("the message can't be decrypted")]
    Undecryptable,
    /// Encryption failed: the plaintext is longer than the cipher allows.
    #[error("the message can't be encrypted")]
    Unencryptable,
    /// A stored private key cannot be parsed.
    #[error("the stored private key can't be read")]
    UnreadableKey,
    /// A master key is not 32 bytes in base64.
    #[error(
        "a master key is 32 bytes in standard base64 (44 characters), as `openssl rand -base64 32` prints them"
    )]
    MalformedMasterKey,
}

/// Why a key file was refused. The text says what the file is and what to do.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyFileError {
    /// The file holds no private key.
    #[error("there is no private key that can be read here: this is {found}; {advice}")]
    NoPrivateKey {
        /// What it holds instead.
        found: String,
        /// What to do.
        advice: &'static str,
    },
    /// The private key is damaged. The text says how.
    #[error("the private key in this file is damaged: {0}; give its whole file, in PEM form")]
    Damaged(String),
    /// The file holds this many private keys.
    #[error("this file has {0} private keys; give the one that is meant alone")]
    Several(usize),
    /// It is a public key.
    #[error("this is a public key; import the private key that belongs to it")]
    PublicKey,
    /// It is a certificate.
    #[error("this is a certificate; import the RSA private key that belongs to it")]
    Certificate,
    /// The key is not RSA.
    #[error(
        "this is not an RSA key; WhatsApp Flows need RSA with 2048 bits: openssl genrsa -out private.pem 2048"
    )]
    NotRsa,
    /// The RSA key has this many bits instead of 2048.
    #[error(
        "this RSA key has {0} bits; WhatsApp Flows need 2048: openssl genrsa -out private.pem 2048"
    )]
    WrongSize(usize),
    /// The key is encrypted, and no passphrase was given.
    #[error(
        "this private key is encrypted; give its passphrase too, or decrypt it first: {DECRYPT_FIRST}"
    )]
    PassphraseMissing,
    /// The passphrase does not open the key. A damaged file cannot be told apart from that.
    #[error(
        "the passphrase doesn't open this private key, or the file is damaged; try it with: {DECRYPT_FIRST}"
    )]
    WrongPassphrase,
    /// The key is encrypted in an unsupported way.
    #[error(
        "this private key is encrypted with {cipher}, which is not supported; decrypt it first: {advice}"
    )]
    UnsupportedCipher {
        /// The cipher's name, or its number.
        cipher: String,
        /// A command that decrypts the key.
        advice: &'static str,
    },
    /// Its key derivation takes more work than one request may cause.
    #[error(
        "opening this private key would take {work}, which is more than is done here; decrypt it first: {advice}"
    )]
    TooMuchWork {
        /// How much work.
        work: String,
        /// A command that decrypts the key.
        advice: &'static str,
    },
    /// The file, with this many bytes, is longer than any key.
    #[error(
        "this file has {0} bytes, more than any RSA private key in PEM form; give the key's own file"
    )]
    TooLong(usize),
}

/// Works with what OpenSSL 3 reads by default. Asks for the passphrase.
pub(super) const DECRYPT_FIRST: &str = "openssl pkey -in private.pem -out plain.pem";

/// Works with OpenSSL's older ciphers too. OpenSSL before version 3 does not need these two
/// options, and does not have them.
pub(super) const DECRYPT_WITH_LEGACY_PROVIDER: &str =
    "openssl pkey -in private.pem -out plain.pem -provider legacy -provider default";

/// Works with what only this library writes. Asks for the passphrase.
pub(super) const DECRYPT_WITH_PYCRYPTODOME: &str = "pip install pycryptodome && python3 -c 'from getpass import getpass; \
    from Crypto.PublicKey import RSA; print(RSA.import_key(open(\"private.pem\").read(), getpass()).export_key(pkcs=8).decode())' > plain.pem";

/// Works with scrypt in more memory than OpenSSL and others allow it. Asks for the passphrase.
pub(super) const DECRYPT_WITH_CRYPTOGRAPHY: &str = "pip install cryptography && python3 -c 'from getpass import getpass; \
    from cryptography.hazmat.primitives import serialization as s; \
    k = s.load_pem_private_key(open(\"private.pem\", \"rb\").read(), getpass().encode()); \
    print(k.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode())' > plain.pem";
