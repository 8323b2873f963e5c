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
    /// No PEM block, or one that can't be read.
    #[error(
        "this is not a private key in PEM form: expected a block that begins with -----BEGIN PRIVATE KEY----- or -----BEGIN RSA PRIVATE KEY-----"
    )]
    Unreadable,
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
    /// Encrypted in a way that is not read here; names it.
    #[error("this private key is encrypted with {0}, which is not supported; decrypt it first: {DECRYPT_FIRST}")]
    UnsupportedCipher(String),
    /// Its encryption asks for more work than a request to this host may cause; says how much.
    #[error("opening this private key would take {0}, which is more than is done here; decrypt it first: {DECRYPT_FIRST}")]
    TooMuchWork(String),
    /// Longer than any key.
    #[error("this file has {0} bytes, more than any RSA private key in PEM form; give the key's own file")]
    TooLong(usize),
}

/// Works with every form and cipher that OpenSSL knows; asks for the passphrase.
const DECRYPT_FIRST: &str = "openssl pkey -in private.pem -out plain.pem";
