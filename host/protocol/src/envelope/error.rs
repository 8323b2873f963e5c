//! Why an envelope was refused.

use crate::crypto::CryptoError;
use crate::flow::RequestError;

/// Why a request cannot be opened or a reply cannot be sealed. Names steps, never content.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// The body is not JSON with the three fields.
    #[error(
        "the body is not a JSON object with encrypted_flow_data, encrypted_aes_key and initial_vector"
    )]
    Malformed,
    /// The field of this name is not base64.
    #[error("`{0}` is not base64")]
    NotBase64(&'static str),
    /// None of the tenant's private keys fits.
    #[error("no private key of the tenant opens the request's key")]
    NoKeyFits,
    /// Key, vector, ciphertext or tag are wrong.
    #[error("the request's data doesn't decrypt")]
    Data(#[source] CryptoError),
    /// The payload was decrypted but is not a request.
    #[error("the decrypted payload was refused")]
    Payload(#[source] RequestError),
    /// The reply cannot be encrypted.
    #[error("the reply can't be sealed")]
    Seal(#[source] CryptoError),
}
