//! RSA-OAEP's decoding (RFC 8017, section 7.1.2, step 3) with SHA-256, MGF1-SHA-256 and no label,
//! for the engine that has only the bare RSA operation from elsewhere.
//!
//! Whoever can tell *why* a block is refused can decrypt it by asking often enough (Manger). So
//! everything about a block is decided first, without a branch or an index that depends on its
//! content, and the only thing that is looked at in the end is whether all of it was right.

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};
use zeroize::Zeroizing;

use super::CryptoError;

/// A number modulo the modulus of an RSA-2048 key: big-endian, with all its leading zeros.
pub type Block = [u8; BLOCK_BYTES];

/// Decodes what the RSA operation made of a ciphertext. Returns the message, or
/// [`CryptoError::Undecryptable`] after the same work whatever is wrong.
pub fn decode_oaep(block: &Block) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let (first, masked) = (block[0], &block[1..]);
    let (masked_seed, masked_data) = masked.split_at(HASH_BYTES);
    let mut seed = Zeroizing::new([0; HASH_BYTES]);
    seed.copy_from_slice(masked_seed);
    mask(masked_data, &mut *seed);
    let mut data = Zeroizing::new([0; DATA_BYTES]);
    data.copy_from_slice(masked_data);
    mask(&*seed, &mut *data);

    let (label, padded) = data.split_at(HASH_BYTES);
    let (separated, message_at) = find_message(padded);
    let right = first.ct_eq(&0) & label.ct_eq(&Sha256::digest([])) & separated;
    if bool::from(right) {
        Ok(Zeroizing::new(padded[message_at..].to_vec()))
    } else {
        Err(CryptoError::Undecryptable)
    }
}

/// Whether there are only zeros before the first 1, and where the message after it begins.
fn find_message(padded: &[u8]) -> (Choice, usize) {
    let (mut found, mut clean) = (Choice::from(0), Choice::from(1));
    let mut message_at = 0_u32;
    for (byte, next) in padded.iter().zip(1_u32..) {
        let one = byte.ct_eq(&1);
        message_at.conditional_assign(&next, !found & one);
        clean &= found | one | byte.ct_eq(&0);
        found |= one;
    }
    (found & clean, message_at as usize)
}

/// MGF1: adds (XOR) to the target what is derived from the seed.
fn mask(seed: &[u8], target: &mut [u8]) {
    for (counter, part) in (0_u32..).zip(target.chunks_mut(HASH_BYTES)) {
        let hash = Zeroizing::new(<[u8; HASH_BYTES]>::from(
            Sha256::new().chain_update(seed).chain_update(counter.to_be_bytes()).finalize(),
        ));
        part.iter_mut().zip(hash.iter()).for_each(|(byte, mask)| *byte ^= mask);
    }
}

const BLOCK_BYTES: usize = 256;
const HASH_BYTES: usize = 32;
/// What is left beside the first byte and the seed.
const DATA_BYTES: usize = BLOCK_BYTES - 1 - HASH_BYTES;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rsa::pkcs8::DecodePublicKey as _;
    use rsa::traits::PublicKeyParts as _;
    use rsa::{BigUint, RsaPublicKey};

    use super::*;
    use crate::crypto::rsa_key::decrypt_oaep;
    use crate::crypto::{KeyPair, PrivateKey, parse_private_key};

    #[test]
    fn decodes_messages_of_every_length() {
        for length in 0..=LONGEST {
            let message: Vec<u8> = (0..length).map(|number| number as u8).collect();
            let block = encode(&padded(&message), [9; 32], 0);

            assert_eq!(*decode_oaep(&block).unwrap(), message, "{length}");
        }
        assert_judged_alike(&encode(&padded(&[]), [9; 32], 0));
        assert_judged_alike(&encode(&padded(&[1; LONGEST]), [9; 32], 0));
    }

    #[test]
    fn refuses_each_defect_as_aws_lc_does() {
        let good = padded(b"sixteen byte key");
        assert_judged_alike(&encode(&good, [9; 32], 0));
        let separator = DATA_BYTES - 16 - 1;
        let mut defects = Vec::new();
        // The label's hash, the zeros, and the separator.
        for at in [0, 31, 32, 100, separator - 1, separator] {
            for flip in [1, 2, 0x80] {
                let mut data = good;
                data[at] ^= flip;
                defects.push((data, format!("byte {at} and {flip}")));
            }
        }
        let mut empty = good;
        empty[HASH_BYTES..].fill(0);
        defects.push((empty, "zeros to the end".to_owned()));
        for (data, defect) in defects {
            let block = encode(&data, [9; 32], 0);
            // A zero that became a 1 only makes the message longer.
            let longer = data[..separator].contains(&1) && data[..HASH_BYTES] == good[..HASH_BYTES];
            assert_eq!(decode_oaep(&block).is_ok(), longer, "{defect}");
            assert_judged_alike(&block);
        }
        for first in [1, 2, 0x80] {
            assert!(decode_oaep(&encode(&good, [9; 32], first)).is_err(), "{first}");
        }
        // The largest first byte that there is below the modulus.
        assert_judged_alike(&encode(&good, [9; 32], 1));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn agrees_with_aws_lc_on_any_block_below_the_modulus(
            seed in any::<[u8; 32]>(),
            message in proptest::collection::vec(any::<u8>(), 0..=LONGEST),
            changes in proptest::collection::vec((0..DATA_BYTES, any::<u8>()), 0..3),
            first in 0..2_u8,
        ) {
            let mut data = padded(&message);
            for (at, byte) in changes {
                data[at] = byte;
            }
            assert_judged_alike(&encode(&data, seed, first));
        }

        #[test]
        fn agrees_with_aws_lc_on_blocks_of_chance(mut block in any::<[u8; 32]>().prop_map(|seed| {
            let mut block = [0; BLOCK_BYTES];
            mask(&seed, &mut block);
            block
        }), first in 0..2_u8) {
            block[0] = first;
            assert_judged_alike(&block);
        }
    }

    /// Compares with what aws-lc-rs makes of the ciphertext that has this block in it.
    #[track_caller]
    fn assert_judged_alike(block: &Block) {
        let pair = key();
        let private = PrivateKey::from_pkcs8(&pair.private_pkcs8).unwrap();
        assert_eq!(decode_oaep(block), decrypt_oaep(&private, &raised(&pair, block)));
    }

    fn raised(pair: &KeyPair, block: &Block) -> Block {
        let public = RsaPublicKey::from_public_key_pem(&pair.public_pem).unwrap();
        let number = BigUint::from_bytes_be(block);
        assert!(number < *public.n());
        let raised = number.modpow(public.e(), public.n()).to_bytes_be();
        let mut block = [0; BLOCK_BYTES];
        block[BLOCK_BYTES - raised.len()..].copy_from_slice(&raised);
        block
    }

    fn key() -> KeyPair {
        let path = format!(
            "{}/../../tests/fixtures/vectors/keys/private.pkcs8.pem",
            env!("CARGO_MANIFEST_DIR")
        );
        parse_private_key(&std::fs::read_to_string(path).unwrap(), None).unwrap()
    }

    fn padded(message: &[u8]) -> [u8; DATA_BYTES] {
        let mut data = [0; DATA_BYTES];
        data[..HASH_BYTES].copy_from_slice(&Sha256::digest([]));
        let at = DATA_BYTES - message.len();
        data[at - 1] = 1;
        data[at..].copy_from_slice(message);
        data
    }

    fn encode(data: &[u8; DATA_BYTES], seed: [u8; HASH_BYTES], first: u8) -> Block {
        let (mut masked, mut masked_seed) = (*data, seed);
        mask(&seed, &mut masked);
        mask(&masked, &mut masked_seed);
        let block = [&[first], &masked_seed[..], &masked].concat();
        block.try_into().expect("the parts make a block")
    }

    const LONGEST: usize = DATA_BYTES - HASH_BYTES - 1;
}
