//! Sealing at rest: the master key seals each tenant's data key, and the data key seals the
//! tenant's values.
//!
//! Each value is sealed under a key of its own, derived from the data key and the value's
//! [`SealContext`]. Random 96-bit nonces are safe for 2^32 seals of one key (NIST SP 800-38D
//! section 8.3): one busy tenant could reach that, but one row cannot. The context is also the
//! associated data, so a value that was moved to another row does not open.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{CryptoError, random_bytes};

/// The key that seals every tenant's data key: 32 bytes. It is wiped when dropped and never shown.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// Generates a random key.
    pub fn generate() -> Self {
        Self(random_bytes())
    }

    /// Parses a key from standard base64. Surrounding white space is ignored.
    pub fn from_base64(text: &str) -> Result<Self, CryptoError> {
        let bytes = STANDARD
            .decode(text.trim())
            .map(Zeroizing::new)
            .map_err(|_| CryptoError::MalformedMasterKey)?;
        bytes.as_slice().try_into().map(Self).map_err(|_| CryptoError::MalformedMasterKey)
    }

    /// The key in standard base64, to be kept in a secret place.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0))
    }

    /// Derives a key for the purpose that `label` names. The master key cannot be computed from it.
    pub(super) fn derive(&self, label: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut derive =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        derive.update(label);
        Zeroizing::new(derive.finalize().into_bytes().into())
    }

    fn seal_data_key(&self, tenant: &[u8; 16], key: &DataKey) -> Sealed {
        seal(&self.0, &SealContext::data_key(tenant), &key.0)
    }

    fn open_data_key(&self, tenant: &[u8; 16], sealed: &Sealed) -> Result<DataKey, CryptoError> {
        let bytes = open(&self.0, &SealContext::data_key(tenant), sealed)?;
        bytes.as_slice().try_into().map(DataKey).map_err(|_| CryptoError::Unsealable)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// The master keys in use: the first seals and opens. The second exists while the key is being
/// changed and only opens.
#[derive(Clone, Debug)]
pub struct MasterKeys {
    first: MasterKey,
    second: Option<MasterKey>,
}

impl MasterKeys {
    /// Takes the first key and, while the key is being changed, the second.
    pub fn new(first: MasterKey, second: Option<MasterKey>) -> Self {
        Self { first, second }
    }

    pub(super) fn both(&self) -> (&MasterKey, Option<&MasterKey>) {
        (&self.first, self.second.as_ref())
    }

    /// Whether there is a second key.
    pub fn has_second(&self) -> bool {
        self.second.is_some()
    }

    /// Seals a tenant's data key. `tenant` is the tenant's id as bytes.
    pub fn seal_data_key(&self, tenant: &[u8; 16], key: &DataKey) -> Sealed {
        self.first.seal_data_key(tenant, key)
    }

    /// Opens a tenant's data key. `tenant` is the tenant's id as bytes.
    pub fn open_data_key(
        &self,
        tenant: &[u8; 16],
        sealed: &Sealed,
    ) -> Result<DataKey, CryptoError> {
        let with_first = self.first.open_data_key(tenant, sealed);
        match &self.second {
            Some(second) => with_first.or_else(|_| second.open_data_key(tenant, sealed)),
            None => with_first,
        }
    }

    /// Whether this was sealed with the first key.
    pub fn sealed_with_first(&self, tenant: &[u8; 16], sealed: &Sealed) -> bool {
        self.first.open_data_key(tenant, sealed).is_ok()
    }
}

/// The key that seals one tenant's values: 32 bytes. It is wiped when dropped and never shown.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DataKey([u8; 32]);

impl DataKey {
    /// Generates a random key.
    pub fn generate() -> Self {
        Self(random_bytes())
    }

    /// Seals a value with its context, which says where it will be stored.
    pub fn seal(&self, context: &SealContext, value: &[u8]) -> Sealed {
        seal(&self.0, context, value)
    }

    /// Opens a value that was sealed with this context.
    pub fn open(
        &self,
        context: &SealContext,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        open(&self.0, context, sealed)
    }

    /// A fingerprint by which a value can be found without being stored in clear. It is the same
    /// for the same context and tells nothing about the value without this key. The row in `context`
    /// must contain the value.
    pub fn fingerprint(&self, context: &SealContext) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*derived_key(&self.0, context))
            .expect("HMAC takes a key of any length");
        mac.update(b"fingerprint");
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// Where a sealed value is stored: table, column and the row's key. This is the associated data of
/// its encryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealContext(Vec<u8>);

impl SealContext {
    /// `column` is `table.column`; `row` holds the parts of the row's key.
    pub fn new(column: &'static str, row: &[&[u8]]) -> Self {
        let mut bytes = Vec::new();
        for part in std::iter::once(column.as_bytes()).chain(row.iter().copied()) {
            // Lengths keep ("ab", "c") and ("a", "bc") apart.
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Self(bytes)
    }

    fn data_key(tenant: &[u8; 16]) -> Self {
        Self::new("tenants.sealed_data_key", &[tenant])
    }
}

/// A sealed value: a format byte, the nonce, the ciphertext with its tag. It opens only with the
/// right key and the right context.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

fn seal(key: &[u8; 32], context: &SealContext, value: &[u8]) -> Sealed {
    let nonce: [u8; NONCE_LEN] = random_bytes();
    let mut text =
        Zeroizing::new(Vec::with_capacity(1 + NONCE_LEN + value.len() + AES_256_GCM.tag_len()));
    text.extend_from_slice(value);
    context_key(key, context)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(&context.0),
            &mut *text,
        )
        .expect("a value in memory is shorter than the cipher's limit of 64 GiB");
    let mut sealed = Vec::with_capacity(1 + NONCE_LEN + text.len());
    sealed.push(FORMAT);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&text);
    Sealed(sealed)
}

fn open(
    key: &[u8; 32],
    context: &SealContext,
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let (&format, rest) = sealed.0.split_first().ok_or(CryptoError::Unsealable)?;
    let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>().ok_or(CryptoError::Unsealable)?;
    if format != FORMAT {
        return Err(CryptoError::Unsealable);
    }
    let mut text = Zeroizing::new(text.to_vec());
    let length = context_key(key, context)
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(&context.0), &mut text)
        .map_err(|_| CryptoError::Unsealable)?
        .len();
    text.truncate(length);
    Ok(text)
}

fn context_key(key: &[u8; 32], context: &SealContext) -> LessSafeKey {
    let derived = derived_key(key, context);
    LessSafeKey::new(
        UnboundKey::new(&AES_256_GCM, &*derived).expect("the derived key has the cipher's length"),
    )
}

fn derived_key(key: &[u8; 32], context: &SealContext) -> Zeroizing<[u8; 32]> {
    let mut derive = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    derive.update(&context.0);
    Zeroizing::new(<[u8; 32]>::from(derive.finalize().into_bytes()))
}

const FORMAT: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_at_its_own_place_with_its_own_key_only() {
        let key = DataKey::generate();
        let context = SealContext::new("sessions.sealed_state", &[b"tenant", b"flow"]);
        let sealed = key.seal(&context, b"a state");

        assert_eq!(key.open(&context, &sealed).unwrap().as_slice(), b"a state");
        let elsewhere = SealContext::new("sessions.sealed_state", &[b"tenantf", b"low"]);
        assert_eq!(key.open(&elsewhere, &sealed), Err(CryptoError::Unsealable));
        assert_eq!(DataKey::generate().open(&context, &sealed), Err(CryptoError::Unsealable));
    }

    #[test]
    fn a_fingerprint_is_the_places_and_the_keys_own() {
        let (key, other) = (DataKey::generate(), DataKey::generate());
        let context = |name: &[u8]| SealContext::new("t.c", &[name]);

        assert_eq!(key.fingerprint(&context(b"a")), key.fingerprint(&context(b"a")));
        assert_ne!(key.fingerprint(&context(b"a")), key.fingerprint(&context(b"b")));
        assert_ne!(key.fingerprint(&context(b"a")), other.fingerprint(&context(b"a")));
    }

    #[test]
    fn any_damage_keeps_it_shut() {
        let key = DataKey::generate();
        let context = SealContext::new("t.c", &[]);
        let sealed = key.seal(&context, b"x");
        for at in 0..sealed.0.len() {
            let mut damaged = sealed.clone();
            damaged.0[at] ^= 1;
            assert_eq!(key.open(&context, &damaged), Err(CryptoError::Unsealable), "byte {at}");
            let cut = Sealed(sealed.0[..at].to_vec());
            assert_eq!(key.open(&context, &cut), Err(CryptoError::Unsealable), "cut at {at}");
        }
    }

    #[test]
    fn the_same_value_seals_differently_each_time() {
        let key = DataKey::generate();
        let context = SealContext::new("t.c", &[]);
        assert_ne!(key.seal(&context, b"x"), key.seal(&context, b"x"));
    }

    #[test]
    fn a_data_key_opens_for_its_tenant_only() {
        let master = MasterKey::generate();
        let key = DataKey::generate();
        let sealed = master.seal_data_key(&[1; 16], &key);

        assert_eq!(master.open_data_key(&[1; 16], &sealed).unwrap().0, key.0);
        assert!(master.open_data_key(&[2; 16], &sealed).is_err());
        assert!(MasterKey::generate().open_data_key(&[1; 16], &sealed).is_err());
    }

    #[test]
    fn the_second_master_key_opens_and_never_seals() {
        let (old, new) = (MasterKey::generate(), MasterKey::generate());
        let key = DataKey::generate();
        let sealed = old.seal_data_key(&[1; 16], &key);
        let both = MasterKeys::new(new.clone(), Some(old.clone()));

        assert_eq!(both.open_data_key(&[1; 16], &sealed).unwrap().0, key.0);
        assert!(both.has_second() && !MasterKeys::new(new.clone(), None).has_second());
        assert!(!both.sealed_with_first(&[1; 16], &sealed));
        let resealed = both.seal_data_key(&[1; 16], &key);
        assert!(both.sealed_with_first(&[1; 16], &resealed));
        assert_eq!(MasterKeys::new(new, None).open_data_key(&[1; 16], &resealed).unwrap().0, key.0);
        assert!(MasterKeys::new(old, None).open_data_key(&[1; 16], &resealed).is_err());
    }

    #[test]
    fn a_master_key_survives_base64_and_nothing_else_does() {
        let master = MasterKey::generate();
        let text = master.to_base64();
        assert_eq!(MasterKey::from_base64(&format!(" {}\n", *text)).unwrap().0, master.0);
        for bad in ["", "abc", "AAAA", &"A".repeat(64)] {
            assert_eq!(
                MasterKey::from_base64(bad).unwrap_err(),
                CryptoError::MalformedMasterKey,
                "{bad}"
            );
        }
    }

    #[test]
    fn debug_shows_neither_a_key_nor_what_is_sealed() {
        let sealed = DataKey::generate().seal(&SealContext::new("t.c", &[]), b"x");
        assert_eq!(
            format!("{:?} {:?} {sealed:?}", MasterKey::generate(), DataKey::generate()),
            "MasterKey(..) DataKey(..) Sealed(30 bytes)"
        );
    }
}
