//! Measures RSA-2048 decryption: one operation with aws-lc-rs, the parts of a batch, and the
//! engines with callers that each ask again as soon as they are answered, on two worker threads.
//! All is measured in each round, so that other load on the machine affects all, and printed as the
//! median of the rounds, with its ratio to the single operation. Of the engines the ratio is that of
//! the processor time for each operation, which other load on the machine disturbs the least.
//!
//! `cargo bench -p flowhost-rsa-batches`, with `FLOWHOST_CRYPTO_MB=/path/to/libcrypto_mb.so.11` if
//! the system's loader doesn't find it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that fails is over, and its result is printed"
)]

use std::array;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flowhost_protocol::crypto::{
    BatchedRsa, Block, InlineRsa, KeyPair, LANES, PrivateKey, RsaEngine, RsaLanes, decode_oaep,
};
use flowhost_rsa_batches::{CryptoMb, LIBRARY};
use nix::time::{ClockId, clock_gettime};
use rsa::pkcs8::DecodePublicKey as _;
use rsa::{Oaep, RsaPublicKey};
use tokio::runtime::{Builder, Runtime};

fn main() {
    let library = library();
    let lanes = match CryptoMb::load(&library) {
        Ok(lanes) => lanes,
        Err(error) => return println!("nothing is measured without {library}: {error}"),
    };
    let engine = BatchedRsa::tried(Box::new(CryptoMb::load(&library).unwrap()), || ()).unwrap();
    let pace = engine.pace();
    let tenants: Arc<[Tenant]> = (0..TENANTS).map(|_| Tenant::new()).collect();
    let engines: [(&str, Arc<dyn RsaEngine>); 2] =
        [("inline", Arc::new(InlineRsa)), ("batched", Arc::new(engine))];
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();

    let mut parts: Vec<(&str, Vec<f64>)> = Vec::new();
    let mut loads: Vec<(String, Vec<f64>)> = Vec::new();
    for round in 0..=ROUNDS {
        let of_round = of_parts(&lanes, &tenants);
        let single = of_round[0].1;
        let mut of_loads = Vec::new();
        for callers in CALLERS {
            for (name, engine) in &engines {
                let time = load(&runtime, engine, &tenants, callers);
                of_loads.push((format!("{name}, {callers} callers"), time / single));
            }
        }
        // The first round warms up.
        if round > 0 {
            keep(&mut parts, of_round);
            keep(&mut loads, of_loads);
        }
    }
    let single = median(&mut parts[0].1.clone());
    println!("batches of {} to {LANES}, at rest after {:?}", pace.least, pace.rest);
    for (name, mut times) in parts {
        let time = median(&mut times);
        println!("{name:32} {:7.1} us {:6.2} of a single operation", time * 1e6, time / single);
    }
    for (name, mut ratios) in loads {
        let ratio = median(&mut ratios);
        println!("{name:32} {:7.1} us {ratio:6.2} of a single operation", ratio * single * 1e6);
    }
}

/// A key, and what is encrypted for it.
struct Tenant {
    key: PrivateKey,
    wrapped: Block,
    numbers: Arc<flowhost_protocol::crypto::LaneKey>,
}

impl Tenant {
    fn new() -> Self {
        let pair = KeyPair::generate();
        let key = PrivateKey::from_pkcs8(&pair.private_pkcs8).unwrap();
        let public = RsaPublicKey::from_public_key_pem(&pair.public_pem).unwrap();
        let padding = Oaep::new::<rsa::sha2::Sha256>();
        let wrapped = public.encrypt(&mut rsa::rand_core::OsRng, padding, &[7; 16]).unwrap();
        let numbers = key.numbers().unwrap().clone();
        Self { key, wrapped: wrapped.try_into().unwrap(), numbers }
    }
}

/// The seconds that each part takes.
fn of_parts(lanes: &CryptoMb, tenants: &[Tenant]) -> Vec<(&'static str, f64)> {
    let keys = array::from_fn(|lane| &*tenants[lane].numbers);
    let wrapped = array::from_fn(|lane| tenants[lane].wrapped);
    let (mut blocks, mut again) = ([[0; 256]; LANES], [[0; 256]; LANES]);
    let one = &tenants[0];
    let waker = std::task::Waker::noop();
    vec![
        (
            "single",
            seconds(|| {
                let mut context = std::task::Context::from_waker(waker);
                let mut decryption = InlineRsa.decrypt(&one.key, &one.wrapped);
                assert!(decryption.as_mut().poll(&mut context).is_ready());
            }),
        ),
        (
            "eight private operations",
            seconds(|| assert_eq!(lanes.private(keys, &wrapped, &mut blocks), [true; LANES])),
        ),
        (
            "eight public operations, checks",
            seconds(|| assert_eq!(lanes.public(keys, &blocks, &mut again), [true; LANES])),
        ),
        ("one block decoded", seconds(|| drop(black_box(decode_oaep(&blocks[0]).unwrap())))),
    ]
}

/// The median time of a run.
fn seconds(mut run: impl FnMut()) -> f64 {
    let mut times = [0.0; RUNS];
    for time in &mut times {
        let began = Instant::now();
        run();
        *time = began.elapsed().as_secs_f64();
    }
    median(&mut times)
}

/// The seconds of processor time for each operation.
fn load(
    runtime: &Runtime,
    engine: &Arc<dyn RsaEngine>,
    tenants: &Arc<[Tenant]>,
    callers: usize,
) -> f64 {
    let (end, began) = (Instant::now() + LOAD, processor_time());
    let calls = (0..callers).map(|caller| {
        let (engine, tenants) = (engine.clone(), tenants.clone());
        runtime.spawn(async move {
            let tenant = &tenants[caller % TENANTS];
            let mut calls = 0;
            while Instant::now() < end {
                assert!(engine.decrypt(&tenant.key, &tenant.wrapped).await.is_ok());
                calls += 1;
                // A request that follows comes from the network, after those that are there.
                tokio::task::yield_now().await;
            }
            calls
        })
    });
    let calls: Vec<_> = calls.collect();
    let calls: u32 = calls.into_iter().map(|call| runtime.block_on(call).unwrap()).sum();
    (processor_time() - began).as_secs_f64() / f64::from(calls)
}

/// The processor time that this process has had.
fn processor_time() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).unwrap().into()
}

fn keep<T: PartialEq>(all: &mut Vec<(T, Vec<f64>)>, of_round: Vec<(T, f64)>) {
    for (name, value) in of_round {
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => all.push((name, vec![value])),
        }
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::disallowed_methods, reason = "a measurement has no configuration")]
fn library() -> String {
    std::env::var("FLOWHOST_CRYPTO_MB").unwrap_or_else(|_| LIBRARY.to_owned())
}

const TENANTS: usize = 16;
const CALLERS: [usize; 4] = [1, 4, 16, 64];
const ROUNDS: usize = 7;
const RUNS: usize = 51;
const LOAD: Duration = Duration::from_millis(300);
