//! The library against aws-lc-rs. These tests are skipped, with a line that says so, where it is
//! not found: by the system's loader, or at `FLOWHOST_CRYPTO_MB`.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::array;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use flowhost_protocol::crypto::{
    BatchedRsa, Block, Decrypted, InlineRsa, KeyPair, LANES, Pace, PrivateKey, RsaEngine,
    RsaLanes as _,
};
use flowhost_rsa_batches::{CryptoMb, LIBRARY, LoadError};
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use rsa::rand_core::{OsRng, RngCore as _};
use rsa::traits::{PrivateKeyParts as _, PublicKeyParts as _};
use rsa::{BigUint, Oaep, RsaPrivateKey, RsaPublicKey};

#[test]
fn decrypts_what_eight_tenants_were_sent_in_one_batch() {
    let Some((engine, faults)) = engine() else { return };
    let tenants: Vec<_> = (0..LANES).map(|_| Tenant::new()).collect();
    let wrapped: Vec<_> = tenants.iter().map(|tenant| tenant.sealed(b"sixteen byte key")).collect();

    let decrypted = all_at_once(&engine, &tenants, &wrapped);

    for one in decrypted {
        assert_eq!(*one.unwrap(), b"sixteen byte key");
    }
    assert_eq!(faults.load(Ordering::Relaxed), 0);
}

#[test]
fn agrees_with_aws_lc_on_sound_and_on_damaged_ciphertexts() {
    let Some((engine, faults)) = engine() else { return };
    let tenants: Vec<_> = (0..LANES).map(|_| Tenant::new()).collect();
    for round in 0..12 {
        let mut wrapped: Vec<_> = tenants
            .iter()
            .map(|tenant| tenant.sealed(&vec![round; usize::from(round) * 17 % 191]))
            .collect();
        for (lane, block) in wrapped.iter_mut().enumerate().skip(usize::from(round) % 3) {
            let bit = OsRng.next_u32() as usize % (8 * block.len());
            if lane % 2 == 1 {
                block[bit / 8] ^= 1 << (bit % 8);
            }
        }

        assert_agree(&engine, &tenants, &wrapped);
    }
    assert_eq!(faults.load(Ordering::Relaxed), 0);
}

#[test]
fn agrees_with_aws_lc_on_the_numbers_that_are_special() {
    let Some((engine, faults)) = engine() else { return };
    let tenants: Vec<_> = (0..LANES).map(|_| Tenant::new()).collect();
    for special in 0..10 {
        let wrapped: Vec<_> = tenants.iter().map(|tenant| tenant.special(special)).collect();

        assert_agree(&engine, &tenants, &wrapped);
    }
    // Each of these is a result like any other: a tenant who knows its key can send them, and must
    // not be able to have the lanes given up for all.
    assert_eq!(faults.load(Ordering::Relaxed), 0);
}

#[test]
fn a_key_whose_first_prime_is_the_smaller_one_is_like_any_other() {
    let Some((engine, faults)) = engine() else { return };
    let swapped: Vec<_> = (0..LANES)
        .map(|_| {
            let pair = KeyPair::generate();
            let key = RsaPrivateKey::from_pkcs8_der(&pair.private_pkcs8).unwrap();
            let (p, q) = (key.primes()[0].clone(), key.primes()[1].clone());
            let (small, large) = if p < q { (p, q) } else { (q, p) };
            let key = RsaPrivateKey::from_p_q(small, large, 65_537_u32.into()).unwrap();
            Tenant::of(key.to_pkcs8_der().unwrap().as_bytes())
        })
        .collect();
    assert!(swapped.iter().all(|tenant| tenant.primes[0] < tenant.primes[1]));
    let wrapped: Vec<_> = swapped.iter().map(|tenant| tenant.sealed(b"sixteen byte key")).collect();

    assert_agree(&engine, &swapped, &wrapped);

    assert_eq!(faults.load(Ordering::Relaxed), 0);
}

#[test]
fn both_operations_are_what_they_are_called() {
    let Some(lanes) = library() else { return };
    let tenants: [_; LANES] = array::from_fn(|_| Tenant::new());
    let keys = array::from_fn(|lane| &**tenants[lane].key.numbers().unwrap());
    let numbers = array::from_fn(|lane| tenants[lane].chance());
    let (mut raised, mut back) = ([[0; 256]; LANES], [[0; 256]; LANES]);

    assert_eq!(lanes.public(keys, &numbers, &mut raised), [true; LANES]);
    assert_eq!(lanes.private(keys, &raised, &mut back), [true; LANES]);

    assert_eq!(back, numbers);
    for ((tenant, number), raised) in tenants.iter().zip(&numbers).zip(&raised) {
        let number = BigUint::from_bytes_be(number);
        assert_eq!(*raised, block(&number.modpow(&65_537_u32.into(), &tenant.modulus())));
    }
}

#[test]
fn passes_its_trial_or_is_too_slow_here() {
    let Some(lanes) = library() else { return };

    match BatchedRsa::tried(Box::new(lanes), || ()) {
        Ok(engine) => assert!((1..=LANES).contains(&engine.pace().least)),
        Err(unfit) => assert!(unfit.to_string().contains("too slow"), "{unfit}"),
    }
}

#[test]
fn what_is_not_the_library_is_refused() {
    let not_there = CryptoMb::load("/does/not/exist/libcrypto_mb.so.11").err();
    assert!(matches!(not_there, Some(LoadError::Unloadable(_))), "{not_there:?}");
    let no_library = CryptoMb::load(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).err();
    assert!(matches!(no_library, Some(LoadError::Unloadable(_))), "{no_library:?}");
    let another = CryptoMb::load("libc.so.6").err();
    assert!(matches!(another, Some(LoadError::Unloadable(_))), "{another:?}");
}

/// A key and what goes with it.
struct Tenant {
    key: PrivateKey,
    public: RsaPublicKey,
    primes: Vec<BigUint>,
}

impl Tenant {
    fn new() -> Self {
        Self::of(&KeyPair::generate().private_pkcs8)
    }

    fn of(der: &[u8]) -> Self {
        let read = RsaPrivateKey::from_pkcs8_der(der).unwrap();
        Self {
            key: PrivateKey::from_pkcs8(der).unwrap(),
            public: RsaPublicKey::from(&read),
            primes: read.primes().to_vec(),
        }
    }

    fn modulus(&self) -> BigUint {
        self.public.n().clone()
    }

    fn sealed(&self, message: &[u8]) -> Block {
        let sealed = self.public.encrypt(&mut OsRng, Oaep::new::<rsa::sha2::Sha256>(), message);
        sealed.unwrap().try_into().unwrap()
    }

    /// Any number below the modulus.
    fn chance(&self) -> Block {
        let mut number = [0; 256];
        OsRng.fill_bytes(&mut number);
        block(&(BigUint::from_bytes_be(&number) % self.modulus()))
    }

    /// 0, 1, 2, n - 1, n - 2, multiples of either prime, and what is no number modulo n.
    fn special(&self, which: u32) -> Block {
        let (n, [p, q]) = (self.modulus(), [&self.primes[0], &self.primes[1]]);
        match which {
            0..=2 => block(&which.into()),
            3 | 4 => block(&(n - (which - 2))),
            5 => block(p),
            6 => block(q),
            7 => block(&(p * (q - 1_u8))),
            8 => block(&(q * BigUint::from(0xffff_ffff_u32))),
            _ => block(&n),
        }
    }
}

/// Compares a batch with what aws-lc-rs makes of each of its ciphertexts.
#[track_caller]
fn assert_agree(engine: &BatchedRsa, tenants: &[Tenant], wrapped: &[Block]) {
    let alone = tenants.iter().zip(wrapped).map(|(tenant, block)| {
        let decryption = InlineRsa.decrypt(&tenant.key, block);
        match pin!(decryption).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(decrypted) => decrypted,
            Poll::Pending => panic!("it waits for nothing"),
        }
    });
    assert_eq!(all_at_once(engine, tenants, wrapped), alone.collect::<Vec<_>>());
}

fn all_at_once(engine: &BatchedRsa, tenants: &[Tenant], wrapped: &[Block]) -> Vec<Decrypted> {
    let mut decryptions: Vec<_> = tenants
        .iter()
        .zip(wrapped)
        .map(|(tenant, block)| engine.decrypt(&tenant.key, block))
        .collect();
    let mut decrypted: Vec<_> = decryptions.iter().map(|_| None).collect();
    let mut context = Context::from_waker(Waker::noop());
    while decrypted.iter().any(Option::is_none) {
        for (decryption, place) in decryptions.iter_mut().zip(&mut decrypted) {
            if place.is_none()
                && let Poll::Ready(result) = decryption.as_mut().poll(&mut context)
            {
                *place = Some(result);
            }
        }
    }
    decrypted.into_iter().flatten().collect()
}

/// An engine that always batches, and the number of wrong results.
fn engine() -> Option<(BatchedRsa, Arc<AtomicUsize>)> {
    let faults = Arc::new(AtomicUsize::new(0));
    let counted = faults.clone();
    let on_fault = move || {
        counted.fetch_add(1, Ordering::Relaxed);
    };
    let pace = Pace { least: 1, rest: Duration::MAX };
    Some((BatchedRsa::at_pace(Box::new(library()?), pace, on_fault), faults))
}

#[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn library() -> Option<CryptoMb> {
    let name = std::env::var("FLOWHOST_CRYPTO_MB").ok();
    match CryptoMb::load(name.as_deref().unwrap_or(LIBRARY)) {
        Ok(library) => Some(library),
        Err(error) if name.is_some() => panic!("FLOWHOST_CRYPTO_MB: {error:?}"),
        Err(error) => {
            eprintln!("skipped: there is no {LIBRARY} that can be used here: {error:?}");
            None
        }
    }
}

fn block(number: &BigUint) -> Block {
    let bytes = number.to_bytes_be();
    [&vec![0; 256 - bytes.len()][..], &bytes].concat().try_into().unwrap()
}
