//! RSA private keys, and the one interface that all private-key operations go through.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use zeroize::Zeroizing;

use super::CryptoError;

/// An RSA private key, parsed once and ready to decrypt. It is never shown.
pub struct PrivateKey(OaepPrivateDecryptingKey);

impl PrivateKey {
    /// Parses PKCS#8 in DER, the form in which this host stores keys.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, CryptoError> {
        let key = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| CryptoError::UnreadableKey)?;
        OaepPrivateDecryptingKey::new(key).map(Self).map_err(|_| CryptoError::UnreadableKey)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

/// Performs RSA private-key operations. Asynchronous, so that an engine that batches them or runs
/// elsewhere can replace [`InlineRsa`].
pub trait RsaEngine: Send + Sync {
    /// Decrypts RSA-OAEP with SHA-256 and MGF1-SHA-256. Returns the wrapped bytes, or
    /// [`CryptoError::Undecryptable`].
    fn decrypt<'a>(&'a self, key: &'a PrivateKey, wrapped: &'a [u8]) -> Decryption<'a>;
}

/// A pending operation of an [`RsaEngine`].
pub type Decryption<'a> =
    Pin<Box<dyn Future<Output = Result<Zeroizing<Vec<u8>>, CryptoError>> + Send + 'a>>;

/// Decrypts on the calling thread. One operation takes about 255 us with aws-lc-rs (measured with
/// RSA-2048), less than moving it to another thread and back costs under load.
#[derive(Debug, Default)]
pub struct InlineRsa;

impl RsaEngine for InlineRsa {
    fn decrypt<'a>(&'a self, key: &'a PrivateKey, wrapped: &'a [u8]) -> Decryption<'a> {
        Box::pin(async move { decrypt_oaep(key, wrapped) })
    }
}

fn decrypt_oaep(key: &PrivateKey, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let mut output = Zeroizing::new(vec![0; key.0.min_output_size()]);
    let length = key
        .0
        .decrypt(&OAEP_SHA256_MGF1SHA256, wrapped, &mut output, None)
        .map_err(|_| CryptoError::Undecryptable)?
        .len();
    output.truncate(length);
    Ok(output)
}
