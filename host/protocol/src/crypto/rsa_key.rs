//! RSA private keys, and the one interface that all private-key operations go through.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use zeroize::Zeroizing;

use super::CryptoError;
use super::rsa_lanes::LaneKey;

/// An RSA private key, parsed once and ready to decrypt. It is never shown.
pub struct PrivateKey {
    whole: OaepPrivateDecryptingKey,
    /// The same key, to read its numbers from.
    source: PrivateDecryptingKey,
    /// Its numbers, for operations in batches, once these were asked for; `None` if it is of a kind
    /// that is in none.
    numbers: OnceLock<Option<Arc<LaneKey>>>,
}

impl PrivateKey {
    /// Parses PKCS#8 in DER, the form in which this host stores keys.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, CryptoError> {
        let source =
            PrivateDecryptingKey::from_pkcs8(der).map_err(|_| CryptoError::UnreadableKey)?;
        let whole = OaepPrivateDecryptingKey::new(source.clone())
            .map_err(|_| CryptoError::UnreadableKey)?;
        Ok(Self { whole, source, numbers: OnceLock::new() })
    }

    /// Its numbers; `None` for a key that is in no batch. A second copy of the secret, so it is made
    /// only for engines that compute with it.
    pub fn numbers(&self) -> Option<&Arc<LaneKey>> {
        // The encoding is wiped when dropped.
        let read = || LaneKey::from_pkcs8(self.source.as_der().ok()?.as_ref());
        self.numbers.get_or_init(read).as_ref()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

/// Performs RSA private-key operations. Asynchronous, so that an engine that batches them
/// ([`BatchedRsa`](super::BatchedRsa)) or runs elsewhere can replace [`InlineRsa`].
pub trait RsaEngine: Send + Sync {
    /// Decrypts RSA-OAEP with SHA-256 and MGF1-SHA-256. Returns the wrapped bytes, or
    /// [`CryptoError::Undecryptable`].
    fn decrypt<'a>(&'a self, key: &'a PrivateKey, wrapped: &'a [u8]) -> Decryption<'a>;
}

/// A pending operation of an [`RsaEngine`].
pub type Decryption<'a> = Pin<Box<dyn Future<Output = Decrypted> + Send + 'a>>;

/// The outcome of an operation of an [`RsaEngine`].
pub type Decrypted = Result<Zeroizing<Vec<u8>>, CryptoError>;

/// Decrypts on the calling thread. One operation takes about 255 us with aws-lc-rs (measured with
/// RSA-2048), less than moving it to another thread and back costs under load.
#[derive(Debug, Default)]
pub struct InlineRsa;

impl RsaEngine for InlineRsa {
    fn decrypt<'a>(&'a self, key: &'a PrivateKey, wrapped: &'a [u8]) -> Decryption<'a> {
        Box::pin(async move { decrypt_oaep(key, wrapped) })
    }
}

pub(super) fn decrypt_oaep(key: &PrivateKey, wrapped: &[u8]) -> Decrypted {
    let mut output = Zeroizing::new(vec![0; key.whole.min_output_size()]);
    let length = key
        .whole
        .decrypt(&OAEP_SHA256_MGF1SHA256, wrapped, &mut output, None)
        .map_err(|_| CryptoError::Undecryptable)?
        .len();
    output.truncate(length);
    Ok(output)
}
