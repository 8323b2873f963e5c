//! The decoding of RSA-OAEP: `decode_oaep` takes what was encoded for it and is undamaged, and
//! nothing else. It agrees with this module's decoding, which stops at the first thing that is
//! wrong; for what can be encrypted at all, with aws-lc-rs; and where the library for batches is
//! (`FLOWHOST_CRYPTO_MB`, or the system's), with a batch.
//!
//! Input, one of: `m` and a message, which is encoded well; `d`, the block's first byte, a place in
//! the padded message, what is changed there, and a message; the bytes of a block.

use std::sync::LazyLock;
use std::time::Duration;

use flowhost_protocol::crypto::{
    BatchedRsa, Block, InlineRsa, KeyPair, Pace, PrivateKey, RsaEngine, decode_oaep,
    parse_private_key,
};
use flowhost_rsa_batches::{CryptoMb, LIBRARY};
use rsa::pkcs8::DecodePublicKey as _;
use rsa::traits::PublicKeyParts as _;
use rsa::{BigUint, RsaPublicKey};
use sha2::{Digest as _, Sha256};

use crate::until_ready;

/// Returns whether the block was decoded.
///
/// If what was encoded well is refused, or anybody decodes another message.
pub fn check(data: &[u8]) -> bool {
    let block = match data {
        [b'm', message @ ..] => encode(0, padded(message)),
        [b'd', first, at, change, message @ ..] => {
            let mut data = padded(message);
            data[usize::from(*at) % DATA_BYTES] ^= change;
            encode(*first, data)
        }
        _ => {
            let mut block = [0; BLOCK_BYTES];
            block.iter_mut().zip(data).for_each(|(place, byte)| *place = *byte);
            block
        }
    };
    let decoded = decode_oaep(&block).ok().map(|message| message.to_vec());
    assert_eq!(decoded, decode(&block));
    if let [b'm', message @ ..] = data {
        assert_eq!(decoded.as_deref(), Some(&message[..message.len().min(LONGEST)]));
    }
    if let Some(wrapped) = encrypt(&block) {
        let engines = [Some(&InlineRsa as &dyn RsaEngine), BATCHES.as_ref().map(|it| it as _)];
        for engine in engines.into_iter().flatten() {
            let decrypted = until_ready(engine.decrypt(&KEY, &wrapped)).ok();
            assert_eq!(decrypted.map(|message| message.to_vec()), decoded);
        }
    }
    decoded.is_some()
}

/// RFC 8017, section 7.1.2, step 3, read aloud.
fn decode(block: &Block) -> Option<Vec<u8>> {
    let (seed, data) = block[1..].split_at(HASH_BYTES);
    let seed = unmasked(seed, data);
    let data = unmasked(data, &seed);
    if block[0] != 0 || data[..HASH_BYTES] != Sha256::digest([])[..] {
        return None;
    }
    let rest = &data[HASH_BYTES..];
    let separator = rest.iter().position(|byte| *byte != 0)?;
    (rest[separator] == 1).then(|| rest[separator + 1..].to_vec())
}

fn encode(first: u8, data: [u8; DATA_BYTES]) -> Block {
    let masked = unmasked(&data, &SEED);
    let seed = unmasked(&SEED, &masked);
    [&[first], &seed[..], &masked].concat().try_into().expect("the parts make a block")
}

fn padded(message: &[u8]) -> [u8; DATA_BYTES] {
    let message = &message[..message.len().min(LONGEST)];
    let mut data = [0; DATA_BYTES];
    data[..HASH_BYTES].copy_from_slice(&Sha256::digest([]));
    let (before, place) = data.split_at_mut(DATA_BYTES - message.len());
    before[before.len() - 1] = 1;
    place.copy_from_slice(message);
    data
}

/// MGF1.
fn unmasked(bytes: &[u8], seed: &[u8]) -> Vec<u8> {
    let mask = (0..8_u32).flat_map(|count| Sha256::digest([seed, &count.to_be_bytes()].concat()));
    bytes.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect()
}

/// `None` for what is no number modulo the key's modulus.
fn encrypt(block: &Block) -> Option<Block> {
    let number = BigUint::from_bytes_be(block);
    (number < *PUBLIC.n()).then(|| {
        let bytes = number.modpow(PUBLIC.e(), PUBLIC.n()).to_bytes_be();
        let zeros = vec![0; BLOCK_BYTES - bytes.len()];
        [zeros, bytes].concat().try_into().expect("a number modulo n makes a block")
    })
}

const BLOCK_BYTES: usize = 256;
const HASH_BYTES: usize = 32;
const DATA_BYTES: usize = BLOCK_BYTES - 1 - HASH_BYTES;
const LONGEST: usize = DATA_BYTES - HASH_BYTES - 1;
const SEED: [u8; HASH_BYTES] = *b"thirty-two bytes that are a seed";

static PAIR: LazyLock<KeyPair> = LazyLock::new(|| {
    parse_private_key(include_str!("../../fixtures/vectors/keys/private.pkcs8.pem"), None)
        .expect("the key can be read")
});

static KEY: LazyLock<PrivateKey> =
    LazyLock::new(|| PrivateKey::from_pkcs8(&PAIR.private_pkcs8).expect("the key can be used"));

static PUBLIC: LazyLock<RsaPublicKey> = LazyLock::new(|| {
    RsaPublicKey::from_public_key_pem(&PAIR.public_pem).expect("the key can be read")
});

/// Batches of one, where the library is.
static BATCHES: LazyLock<Option<BatchedRsa>> = LazyLock::new(|| {
    let lanes = CryptoMb::load(library()).ok()?;
    let pace = Pace { least: 1, rest: Duration::MAX };
    Some(BatchedRsa::at_pace(Box::new(lanes), pace, || panic!("a batch had a wrong result")))
});

#[expect(clippy::disallowed_methods, reason = "a fuzz target has no configuration")]
fn library() -> String {
    std::env::var("FLOWHOST_CRYPTO_MB").unwrap_or_else(|_| LIBRARY.to_owned())
}
