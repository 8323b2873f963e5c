//! A tenant's private keys, several at once during a rotation, and the order in which they are
//! tried.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use time::OffsetDateTime;
use tokio::task::yield_now;
use zeroize::Zeroizing;

use super::{CryptoError, PrivateKey, RsaEngine};

/// The private keys of one tenant, the newest first.
///
/// Phones fetch a new public key when they are told to (421), not when it is made. So for days
/// after a rotation, all of a tenant's requests may be encrypted for the previous key. The key that
/// fitted last is therefore tried first, so that such a tenant pays for one RSA operation a
/// request, not two. This changes only the order: a request that no key opens has been tried with
/// each.
///
/// The memory belongs to this ring. A change of the tenant makes a new ring, which begins with the
/// newest key again.
pub struct KeyRing {
    keys: Vec<RingKey>,
    /// An index into `keys`. It only says where to begin, so `Relaxed` ordering is enough.
    fitted_last: AtomicUsize,
}

/// A private key and when it retires.
pub struct RingKey {
    /// The parsed key.
    pub key: PrivateKey,
    /// When it stops decrypting; `None` for the active key.
    pub retires_at: Option<OffsetDateTime>,
}

impl KeyRing {
    /// Takes a tenant's keys, the newest first.
    pub fn new(keys: Vec<RingKey>) -> Self {
        Self { keys, fitted_last: AtomicUsize::new(0) }
    }

    /// Decrypts with the first key that fits and has not retired by `now`.
    ///
    /// # Errors
    /// [`CryptoError::Undecryptable`] if there is none.
    pub async fn decrypt(
        &self,
        rsa: &dyn RsaEngine,
        now: OffsetDateTime,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        for index in self.order() {
            let RingKey { key, retires_at } = &self.keys[index];
            if retires_at.is_some_and(|at| at <= now) {
                continue;
            }
            if let Ok(bytes) = rsa.decrypt(key, wrapped).await {
                self.remember(index);
                return Ok(bytes);
            }
            // Each attempt takes a quarter of a millisecond of the thread.
            yield_now().await;
        }
        Err(CryptoError::Undecryptable)
    }

    /// The key that fitted last, then the others, the newest first.
    fn order(&self) -> impl Iterator<Item = usize> + Send + use<> {
        let (first, count) = (self.fitted_last.load(Ordering::Relaxed), self.keys.len());
        (first..count).take(1).chain((0..count).filter(move |index| *index != first))
    }

    fn remember(&self, index: usize) {
        // Written only on a change, since every thread that serves the tenant reads it.
        if self.fitted_last.load(Ordering::Relaxed) != index {
            self.fitted_last.store(index, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing({} keys)", self.keys.len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::super::rsa_key::Decryption;
    use super::*;
    use crate::crypto::parse_private_key;

    /// The keys of the tests. The wrapped byte's number says which key fits.
    const NEW: u8 = 0;
    const OLD: u8 = 1;

    #[tokio::test]
    async fn the_newest_key_is_tried_first() {
        let (ring, rsa) = (ring(&[None, None]), Counting::default());

        assert_eq!(decrypt(&ring, &rsa, NOW, NEW).await, Ok(vec![NEW]));

        assert_eq!(rsa.tries(), 1);
    }

    #[tokio::test]
    async fn requests_for_an_older_key_pay_for_it_once() {
        let (ring, rsa) = (ring(&[None, Some(LATER)]), Counting::default());

        for tries in [2, 1, 1] {
            assert_eq!(decrypt(&ring, &rsa, NOW, OLD).await, Ok(vec![OLD]));
            assert_eq!(rsa.tries(), tries);
        }
        for tries in [2, 1] {
            assert_eq!(decrypt(&ring, &rsa, NOW, NEW).await, Ok(vec![NEW]));
            assert_eq!(rsa.tries(), tries);
        }
    }

    #[tokio::test]
    async fn a_remembered_key_stops_when_it_retires() {
        let (ring, rsa) = (ring(&[None, Some(LATER)]), Counting::default());
        assert!(decrypt(&ring, &rsa, NOW, OLD).await.is_ok());
        rsa.tries();

        assert_eq!(decrypt(&ring, &rsa, LATER, OLD).await, Err(CryptoError::Undecryptable));

        assert_eq!(rsa.tries(), 1, "the new key only");
        assert_eq!(decrypt(&ring, &rsa, LATER, NEW).await, Ok(vec![NEW]));
    }

    #[tokio::test]
    async fn what_no_key_opens_was_tried_with_each_and_changes_no_order() {
        let (ring, rsa) = (ring(&[None, None, None]), Counting::default());
        assert!(decrypt(&ring, &rsa, NOW, OLD).await.is_ok());
        rsa.tries();

        assert_eq!(decrypt(&ring, &rsa, NOW, 9).await, Err(CryptoError::Undecryptable));

        assert_eq!(rsa.tries(), 3);
        assert!(decrypt(&ring, &rsa, NOW, OLD).await.is_ok());
        assert_eq!(rsa.tries(), 1);
        assert_eq!(
            decrypt(&KeyRing::new(Vec::new()), &rsa, NOW, NEW).await,
            Err(CryptoError::Undecryptable)
        );
        assert_eq!(rsa.tries(), 0);
    }

    #[tokio::test]
    async fn rings_share_no_memory() {
        let (one, other, rsa) = (ring(&[None, None]), ring(&[None, None]), Counting::default());
        assert!(decrypt(&one, &rsa, NOW, OLD).await.is_ok());
        rsa.tries();

        assert!(decrypt(&other, &rsa, NOW, NEW).await.is_ok());

        assert_eq!(rsa.tries(), 1);
    }

    #[test]
    fn debug_shows_how_many_keys_there_are_and_none_of_them() {
        let ring = ring(&[None, None]);
        assert_eq!(format!("{ring:?} {:?}", ring.keys[0].key), "KeyRing(2 keys) PrivateKey(..)");
    }

    /// Reports that the key at index `n` fits when the wrapped byte is `n`, and counts how often it
    /// is asked.
    #[derive(Default)]
    struct Counting {
        asked: Mutex<Vec<usize>>,
        places: Mutex<Vec<usize>>,
    }

    impl Counting {
        /// How often it was asked since the last call.
        fn tries(&self) -> usize {
            std::mem::take(&mut *self.asked.lock().unwrap()).len()
        }

        /// Keys can only be told apart by their address.
        fn know(&self, ring: &KeyRing) {
            *self.places.lock().unwrap() = ring.keys.iter().map(|key| address(&key.key)).collect();
        }
    }

    impl RsaEngine for Counting {
        fn decrypt<'a>(&'a self, key: &'a PrivateKey, wrapped: &'a [u8]) -> Decryption<'a> {
            self.asked.lock().unwrap().push(address(key));
            let fits = self.places.lock().unwrap().iter().position(|place| *place == address(key))
                == Some(wrapped[0].into());
            Box::pin(async move {
                if fits {
                    Ok(Zeroizing::new(wrapped.to_vec()))
                } else {
                    Err(CryptoError::Undecryptable)
                }
            })
        }
    }

    async fn decrypt(
        ring: &KeyRing,
        rsa: &Counting,
        now: OffsetDateTime,
        wrapped: u8,
    ) -> Result<Vec<u8>, CryptoError> {
        rsa.know(ring);
        ring.decrypt(rsa, now, &[wrapped]).await.map(|bytes| bytes.to_vec())
    }

    fn address(key: &PrivateKey) -> usize {
        std::ptr::from_ref(key).addr()
    }

    fn ring(times: &[Option<OffsetDateTime>]) -> KeyRing {
        let path = format!(
            "{}/../../tests/fixtures/vectors/keys/private.pkcs8.pem",
            env!("CARGO_MANIFEST_DIR")
        );
        let pair = parse_private_key(&std::fs::read_to_string(path).unwrap(), None).unwrap();
        let key = || PrivateKey::from_pkcs8(&pair.private_pkcs8).unwrap();
        KeyRing::new(
            times
                .iter()
                .map(|retires_at| RingKey { key: key(), retires_at: *retires_at })
                .collect(),
        )
    }

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
    const LATER: OffsetDateTime = OffsetDateTime::UNIX_EPOCH.saturating_add(time::Duration::DAY);
}
