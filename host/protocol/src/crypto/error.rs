//! What can go wrong in [`crypto`](super).

/// A cryptographic operation failed. Carries no detail on purpose.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CryptoError {
    /// Sealed bytes don't open: another key, another place, or damage.
    #[error("the sealed value doesn't open with this key at this place")]
    Unsealable,
    /// A message or a wrapped key doesn't decrypt.
    #[error("the message can't be decrypted")]
    Undecryptable,
    /// Encryption failed: the plaintext is longer than the cipher takes.
    #[error("the message can't be encrypted")]
    Unencryptable,
    /// A stored private key is not one.
    #[error("the stored private key can't be read")]
    UnreadableKey,
    /// A master key is not 32 bytes in base64.
    #[error("a master key is 32 bytes in standard base64 (44 characters), as `openssl rand -base64 32` prints them")]
    MalformedMasterKey,
}

/// Why a key file was refused: says what it is and what to do.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyFileError {
    /// No private key; says what is there in its place, and what to do.
    #[error("there is no private key that can be read here: this is {found}; {advice}")]
    NoPrivateKey {
        /// What is there.
        found: String,
        /// What to do.
        advice: &'static str,
    },
    /// A private key that can't be read; says what is wrong with it.
    #[error("the private key in this file is damaged: {0}; give its whole file, in PEM form")]
    Damaged(String),
    /// More than one private key.
    #[error("this file has {0} private keys; give the one that is meant alone")]
    Several(usize),
    /// A public key.
    #[error("this is a public key; import the private key that belongs to it")]
    PublicKey,
    /// A certificate.
    #[error("this is a certificate; import the RSA private key that belongs to it")]
    Certificate,
    /// Not RSA.
    #[error("this is not an RSA key; WhatsApp Flows need RSA with 2048 bits: openssl genrsa -out private.pem 2048")]
    NotRsa,
    /// RSA of another size.
    #[error("this RSA key has {0} bits; WhatsApp Flows need 2048: openssl genrsa -out private.pem 2048")]
    WrongSize(usize),
    /// Encrypted, and no passphrase was given.
    #[error("this private key is encrypted; give its passphrase too, or decrypt it first: {DECRYPT_FIRST}")]
    PassphraseMissing,
    /// The passphrase doesn't open it. A damaged file can't be told apart from that.
    #[error("the passphrase doesn't open this private key, or the file is damaged; try it with: {DECRYPT_FIRST}")]
    WrongPassphrase,
    /// Encrypted in a way that is not read here.
    #[error("this private key is encrypted with {cipher}, which is not supported; decrypt it first: {advice}")]
    UnsupportedCipher {
        /// Its name, or its number.
        cipher: String,
        /// A command that decrypts it.
        advice: &'static str,
    },
    /// Its encryption asks for more work than a request to this host may cause.
    #[error("opening this private key would take {work}, which is more than is done here; decrypt it first: {advice}")]
    TooMuchWork {
        /// How much.
        work: String,
        /// A command that decrypts it.
        advice: &'static str,
    },
    /// Longer than any key.
    #[error("this file has {0} bytes, more than any RSA private key in PEM form; give the key's own file")]
    TooLong(usize),
}

/// Works with what OpenSSL 3 reads without being asked to; asks for the passphrase.
pub(super) const DECRYPT_FIRST: &str = "openssl pkey -in private.pem -out plain.pem";

/// Works with OpenSSL's older ciphers too; OpenSSL before version 3 needs neither of the two options, and knows none.
pub(super) const DECRYPT_WITH_LEGACY_PROVIDER: &str =
    "openssl pkey -in private.pem -out plain.pem -provider legacy -provider default";

/// Works with what only this library writes; asks for the passphrase.
pub(super) const DECRYPT_WITH_PYCRYPTODOME: &str = "pip install pycryptodome && python3 -c 'from getpass import getpass; \
    from Crypto.PublicKey import RSA; print(RSA.import_key(open(\"private.pem\").read(), getpass()).export_key(pkcs=8).decode())' > plain.pem";

/// Works with scrypt in more memory than OpenSSL and the others give it; asks for the passphrase.
pub(super) const DECRYPT_WITH_CRYPTOGRAPHY: &str = "pip install cryptography && python3 -c 'from getpass import getpass; \
    from cryptography.hazmat.primitives import serialization as s; \
    k = s.load_pem_private_key(open(\"private.pem\", \"rb\").read(), getpass().encode()); \
    print(k.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode())' > plain.pem";
