//! What is needed to compute several RSA operations at once: the numbers of a key, and the
//! interface of whoever computes with them.

use std::fmt;
use std::sync::Arc;

use pkcs1::UintRef;
use pkcs8::PrivateKeyInfo;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::oaep::Block;

/// The numbers of an RSA-2048 key with the public exponent 65537: little-endian words, as they are
/// computed with. Wiped when dropped and never shown.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct LaneKey {
    /// The modulus n.
    pub n: [u64; 32],
    /// The first prime.
    pub p: [u64; 16],
    /// The second prime.
    pub q: [u64; 16],
    /// The private exponent modulo p - 1.
    pub dp: [u64; 16],
    /// The private exponent modulo q - 1.
    pub dq: [u64; 16],
    /// The inverse of q modulo p.
    pub iq: [u64; 16],
}

impl LaneKey {
    /// Reads PKCS#8 in DER, of a key that was checked before. `None` for keys of another kind,
    /// which are decrypted with one by one.
    pub(super) fn from_pkcs8(der: &[u8]) -> Option<Arc<Self>> {
        let info = PrivateKeyInfo::try_from(der).ok()?;
        let key = pkcs1::RsaPrivateKey::try_from(info.private_key).ok()?;
        let bits = key.modulus.as_bytes();
        let fits = bits.len() == size_of::<Block>() && bits[0] >= 0x80;
        if !fits || key.public_exponent.as_bytes() != EXPONENT || key.other_prime_infos.is_some() {
            return None;
        }
        // Filled where they stay, so that no copy is left elsewhere.
        let mut numbers = Arc::new(Self::blank());
        let filled = Arc::get_mut(&mut numbers)?;
        read(key.modulus, &mut filled.n)?;
        read(key.prime1, &mut filled.p)?;
        read(key.prime2, &mut filled.q)?;
        read(key.exponent1, &mut filled.dp)?;
        read(key.exponent2, &mut filled.dq)?;
        read(key.coefficient, &mut filled.iq)?;
        Some(numbers)
    }

    /// Whether the number is one modulo n.
    pub(super) fn admits(&self, number: &Block) -> bool {
        let words = number.chunks_exact(WORD_BYTES).map(word);
        words.lt(self.n.iter().rev().copied())
    }

    fn blank() -> Self {
        let half = [0; 16];
        Self { n: [0; 32], p: half, q: half, dp: half, dq: half, iq: half }
    }
}

impl fmt::Debug for LaneKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LaneKey(..)")
    }
}

/// Computes with eight RSA-2048 keys at once. All lanes are always filled: who has less to compute
/// repeats something.
///
/// Nobody has to trust the results: [`BatchedRsa`](super::BatchedRsa) checks each.
pub trait RsaLanes: Send + Sync {
    /// The private operation: raises each number to the private exponent of the key in its lane.
    /// Returns which lanes were computed.
    fn private(
        &self,
        keys: [&LaneKey; LANES],
        numbers: &[Block; LANES],
        results: &mut [Block; LANES],
    ) -> [bool; LANES];

    /// The public operation: raises each number to 65537. Returns which lanes were computed.
    fn public(
        &self,
        keys: [&LaneKey; LANES],
        numbers: &[Block; LANES],
        results: &mut [Block; LANES],
    ) -> [bool; LANES];
}

/// How many operations are computed at once: a vector of 512 bits has eight words.
pub const LANES: usize = 8;

/// Reads a number into words. `None` if it has more.
fn read(number: UintRef<'_>, words: &mut [u64]) -> Option<()> {
    let parts = number.as_bytes().rchunks(WORD_BYTES);
    if parts.len() > words.len() {
        return None;
    }
    words.iter_mut().zip(parts).for_each(|(place, part)| *place = word(part));
    Some(())
}

/// A word of up to eight bytes, big-endian.
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

const WORD_BYTES: usize = 8;

/// 65537, which all usual programs make keys with.
const EXPONENT: [u8; 3] = [1, 0, 1];

#[cfg(test)]
mod tests {
    use rsa::BigUint;
    use rsa::RsaPrivateKey;
    use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
    use rsa::traits::{PrivateKeyParts as _, PublicKeyParts as _};

    use super::*;
    use crate::crypto::KeyPair;

    #[test]
    fn numbers_are_those_of_the_key() {
        let der = KeyPair::generate().private_pkcs8;
        let key = RsaPrivateKey::from_pkcs8_der(&der).unwrap();

        let numbers = LaneKey::from_pkcs8(&der).unwrap();

        let (p, q) = (&key.primes()[0], &key.primes()[1]);
        let one = BigUint::from(1_u8);
        assert_eq!(number(&numbers.n), *key.n());
        assert_eq!((number(&numbers.p), number(&numbers.q)), (p.clone(), q.clone()));
        assert_eq!(number(&numbers.dp), key.d() % (p - &one));
        assert_eq!(number(&numbers.dq), key.d() % (q - &one));
        assert_eq!(number(&numbers.iq) * q % p, one);
    }

    #[test]
    fn numbers_below_the_modulus_are_admitted_and_no_others() {
        let numbers = LaneKey::from_pkcs8(&KeyPair::generate().private_pkcs8).unwrap();
        let block = |number: BigUint| -> Block {
            let bytes = number.to_bytes_be();
            [&vec![0; 256 - bytes.len()][..], &bytes].concat().try_into().unwrap()
        };
        let n = number(&numbers.n);

        assert!(numbers.admits(&[0; 256]) && numbers.admits(&block(&n - 1_u8)));
        assert!(!numbers.admits(&block(n.clone())) && !numbers.admits(&block(n + 1_u8)));
        assert!(!numbers.admits(&[0xff; 256]));
    }

    #[test]
    fn keys_with_another_exponent_are_in_no_batch() {
        let key = RsaPrivateKey::from_pkcs8_der(&KeyPair::generate().private_pkcs8).unwrap();
        let small = (3..65_537_u32).step_by(2).find_map(|exponent| {
            let primes = key.primes().to_vec();
            RsaPrivateKey::from_p_q(primes[0].clone(), primes[1].clone(), exponent.into()).ok()
        });
        let der = small.unwrap().to_pkcs8_der().unwrap();

        assert!(crate::crypto::PrivateKey::from_pkcs8(der.as_bytes()).is_ok());
        assert!(LaneKey::from_pkcs8(der.as_bytes()).is_none());
        assert!(LaneKey::from_pkcs8(b"no key").is_none());
    }

    #[test]
    fn numbers_are_never_shown() {
        let numbers = LaneKey::from_pkcs8(&KeyPair::generate().private_pkcs8).unwrap();

        assert_eq!(format!("{numbers:?}"), "LaneKey(..)");
    }

    fn number(words: &[u64]) -> BigUint {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        BigUint::from_bytes_le(&bytes)
    }
}
