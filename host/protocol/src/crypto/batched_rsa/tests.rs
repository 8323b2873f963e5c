//! The engine with lanes that are computed here, some of them wrongly, and with tasks that are
//! polled by hand, in any order.

use std::pin::Pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

use rsa::pkcs8::DecodePublicKey as _;
use rsa::rand_core::OsRng;
use rsa::{BigUint, Oaep, RsaPublicKey};

use super::*;
use crate::crypto::{CryptoError, KeyPair};

#[test]
fn a_lone_request_is_decrypted_at_once_and_alone() {
    let (engine, calls) = engine(Pace { least: 1, rest: Duration::ZERO }, Lie::Never);

    for request in requests(3) {
        assert_eq!(poll_once(&mut request.on(&engine)), Poll::Ready(request.expected()));
    }

    assert_eq!(calls.private(), 0);
}

#[test]
fn the_eighth_computes_for_all_at_once() {
    let (engine, calls) = engine(BUSY, Lie::Never);
    let requests = requests(LANES);
    let mut futures: Vec<_> = requests.iter().map(|request| request.on(&engine)).collect();

    for waiting in &mut futures[..LANES - 1] {
        assert_eq!(poll_once(waiting), Poll::Pending);
    }
    assert_eq!(poll_once(&mut futures[LANES - 1]), Poll::Ready(requests[LANES - 1].expected()));

    for (future, request) in futures.iter_mut().zip(&requests).take(LANES - 1) {
        assert_eq!(poll_once(future), Poll::Ready(request.expected()));
    }
    assert_eq!(calls.private(), 1);
}

#[test]
fn whose_turn_comes_first_computes_for_those_that_are_there() {
    let (engine, calls) = engine(BUSY, Lie::Never);
    let requests = requests(5);
    let mut futures: Vec<_> = requests.iter().map(|request| request.on(&engine)).collect();
    futures.iter_mut().for_each(|future| assert_eq!(poll_once(future), Poll::Pending));

    for at in [3, 0, 4, 2, 1] {
        assert_eq!(poll_once(&mut futures[at]), Poll::Ready(requests[at].expected()));
    }

    assert_eq!(calls.private(), 1);
}

#[test]
fn those_that_are_too_few_decrypt_alone() {
    let (engine, calls) = engine(BUSY, Lie::Never);
    let requests = requests(BUSY.least - 1);
    let mut futures: Vec<_> = requests.iter().map(|request| request.on(&engine)).collect();
    futures.iter_mut().for_each(|future| assert_eq!(poll_once(future), Poll::Pending));

    for (future, request) in futures.iter_mut().zip(&requests) {
        assert_eq!(poll_once(future), Poll::Ready(request.expected()));
    }

    assert_eq!((calls.private(), engine.state().waiting.len()), (0, 0));
}

#[test]
fn a_request_that_is_dropped_leaves_the_others_whole() {
    for dropped in 0..4 {
        let (engine, calls) = engine(BUSY, Lie::Never);
        let requests = requests(4);
        let mut futures: Vec<_> = requests.iter().map(|request| request.on(&engine)).collect();
        futures.iter_mut().for_each(|future| assert_eq!(poll_once(future), Poll::Pending));

        drop(futures.remove(dropped));

        assert_eq!(engine.state().waiting.len(), 3);
        let rest = requests.iter().enumerate().filter(|(at, _)| *at != dropped);
        for (future, (_, request)) in futures.iter_mut().zip(rest) {
            assert_eq!(poll_once(future), Poll::Ready(request.expected()));
        }
        assert_eq!(calls.private(), 1);
    }
}

#[test]
fn one_that_is_dropped_after_its_batch_harms_nobody() {
    let (engine, _) = engine(BUSY, Lie::Never);
    let requests = requests(3);
    let mut futures: Vec<_> = requests.iter().map(|request| request.on(&engine)).collect();
    futures.iter_mut().for_each(|future| assert_eq!(poll_once(future), Poll::Pending));
    assert_eq!(poll_once(&mut futures[1]), Poll::Ready(requests[1].expected()));

    drop(futures.remove(0));

    assert_eq!(poll_once(&mut futures[1]), Poll::Ready(requests[2].expected()));
}

#[test]
fn a_wrong_result_never_leaves_and_is_the_last_one() {
    for lie in [Lie::Half, Lie::Nothing, Lie::Status, Lie::NoCheck] {
        let (engine, calls) = engine(BUSY, lie);
        for waits in [true, false] {
            let requests = requests(4);
            let mut futures: Vec<_> = requests.iter().map(|request| request.on(&engine)).collect();
            let polled: Vec<_> = futures.iter_mut().map(poll_once).collect();
            for ((mut answer, future), request) in polled.into_iter().zip(futures).zip(&requests) {
                assert_eq!(answer.is_pending(), waits, "{lie:?}");
                if answer.is_pending() {
                    answer = poll_once(&mut { future });
                }
                assert_eq!(answer, Poll::Ready(request.expected()), "{lie:?}");
            }
        }
        assert_eq!((calls.private(), calls.faults()), (1, 1), "{lie:?}");
    }
}

#[test]
fn a_batch_that_ends_in_a_panic_leaves_all_others_answered() {
    let (engine, _) = engine(BUSY, Lie::Panic);
    let requests = requests(4);
    let mut futures: Vec<_> = requests.iter().map(|request| request.on(&engine)).collect();
    futures.iter_mut().for_each(|future| assert_eq!(poll_once(future), Poll::Pending));

    let leader = std::panic::AssertUnwindSafe(|| drop(poll_once(&mut futures[0])));
    assert!(std::panic::catch_unwind(leader).is_err());

    for (future, request) in futures.iter_mut().zip(&requests).skip(1) {
        assert_eq!(poll_once(future), Poll::Ready(request.expected()));
    }
}

#[test]
fn what_is_no_ciphertext_of_the_key_is_refused_alone() {
    let (engine, calls) = engine(Pace { least: 1, rest: Duration::MAX }, Lie::Never);
    let key = &KEYS[0].private;

    for wrapped in [&[][..], &[0; 255], &[0; 257], &[0xff; 256]] {
        let refused = poll_once(&mut engine.decrypt(key, wrapped));
        assert_eq!(refused, Poll::Ready(Err(CryptoError::Undecryptable)));
    }
    assert_eq!(calls.private(), 0);

    // Smaller than any modulus of 2,048 bits. What was encrypted for another key may be larger
    // than this key's, and is refused before it waits then.
    let mut unpadded = engine.decrypt(key, &[0x7f; 256]);
    assert_eq!(poll_once(&mut unpadded), Poll::Pending);
    assert_eq!(poll_once(&mut unpadded), Poll::Ready(Err(CryptoError::Undecryptable)));
    assert_eq!((calls.private(), calls.faults()), (1, 0));
}

#[test]
fn lanes_whose_results_are_wrong_fail_their_trial() {
    for lie in [Lie::Half, Lie::Nothing, Lie::Status, Lie::NoCheck] {
        let lanes = Lanes { lie, calls: Arc::default() };

        assert_eq!(BatchedRsa::tried(Box::new(lanes), || ()).err(), Some(Unfit::Wrong), "{lie:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_on_two_threads_all_get_their_answers() {
    let (engine, calls) = engine(BUSY, Lie::Never);
    let engine = Arc::new(engine);
    let tasks = (0..6).map(|_| {
        let engine = engine.clone();
        tokio::spawn(async move {
            for request in requests(3) {
                assert_eq!(request.on(&engine).await, request.expected());
                // Some are given up half-way.
                let given_up = poll_once(&mut request.on(&engine));
                assert!(given_up.is_pending() || given_up == Poll::Ready(request.expected()));
            }
        })
    });

    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }

    assert_eq!((engine.state().waiting.len(), calls.faults()), (0, 0));
}

/// The engine never rests, and two are too few for a batch.
const BUSY: Pace = Pace { least: 3, rest: Duration::MAX };

/// How the lanes below are wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    Never,
    /// A result is right modulo one prime only.
    Half,
    /// Nothing is computed, and all is said to be.
    Nothing,
    /// All is said not to be computed.
    Status,
    /// The check is said not to be computed.
    NoCheck,
    Panic,
}

#[derive(Default)]
struct Calls {
    private: AtomicUsize,
    faults: AtomicUsize,
}

impl Calls {
    fn private(&self) -> usize {
        self.private.load(Ordering::Relaxed)
    }

    fn faults(&self) -> usize {
        self.faults.load(Ordering::Relaxed)
    }
}

struct Lanes {
    lie: Lie,
    calls: Arc<Calls>,
}

impl RsaLanes for Lanes {
    fn private(
        &self,
        keys: [&LaneKey; LANES],
        numbers: &[Block; LANES],
        results: &mut [Block; LANES],
    ) -> [bool; LANES] {
        self.calls.private.fetch_add(1, Ordering::Relaxed);
        assert!(self.lie != Lie::Panic, "a batch that ends here");
        if self.lie == Lie::Nothing {
            return [true; LANES];
        }
        for ((key, number), result) in keys.iter().zip(numbers).zip(results) {
            let [p, q] = [&key.p, &key.q].map(|prime| of_words(prime));
            let number = BigUint::from_bytes_be(number);
            let (of_p, mut of_q) =
                (number.modpow(&of_words(&key.dp), &p), number.modpow(&of_words(&key.dq), &q));
            if self.lie == Lie::Half {
                of_q = (of_q + 1_u8) % &q;
            }
            let apart = (of_p + &p - &of_q % &p) * of_words(&key.iq) % &p;
            *result = block(&(of_q + apart * q));
        }
        [self.lie != Lie::Status; LANES]
    }

    fn public(
        &self,
        keys: [&LaneKey; LANES],
        numbers: &[Block; LANES],
        results: &mut [Block; LANES],
    ) -> [bool; LANES] {
        for ((key, number), result) in keys.iter().zip(numbers).zip(results) {
            let number = BigUint::from_bytes_be(number);
            *result = block(&number.modpow(&65_537_u32.into(), &of_words(&key.n)));
        }
        [self.lie != Lie::NoCheck; LANES]
    }
}

fn engine(pace: Pace, lie: Lie) -> (BatchedRsa, Arc<Calls>) {
    let calls = Arc::new(Calls::default());
    let (lanes, told) = (Lanes { lie, calls: calls.clone() }, calls.clone());
    let on_fault = move || {
        told.faults.fetch_add(1, Ordering::Relaxed);
    };
    (BatchedRsa::at_pace(Box::new(lanes), pace, on_fault), calls)
}

/// A message, encrypted for one of the keys.
struct Request {
    key: &'static PrivateKey,
    message: Vec<u8>,
    wrapped: Vec<u8>,
}

impl Request {
    fn on<'a>(&'a self, engine: &'a BatchedRsa) -> Decryption<'a> {
        engine.decrypt(self.key, &self.wrapped)
    }

    fn expected(&self) -> Decrypted {
        Ok(Zeroizing::new(self.message.clone()))
    }
}

/// Requests with different messages, for the keys in turn.
fn requests(count: usize) -> Vec<Request> {
    (0..count)
        .map(|number| {
            let Key { private, public } = &KEYS[number % KEYS.len()];
            let message = vec![number as u8; 16];
            let padding = Oaep::new::<rsa::sha2::Sha256>();
            let wrapped = public.encrypt(&mut OsRng, padding, &message).unwrap();
            Request { key: private, message, wrapped }
        })
        .collect()
}

struct Key {
    private: PrivateKey,
    public: RsaPublicKey,
}

static KEYS: LazyLock<[Key; 3]> = LazyLock::new(|| {
    array::from_fn(|_| {
        let pair = KeyPair::generate();
        let private = PrivateKey::from_pkcs8(&pair.private_pkcs8).unwrap();
        Key { private, public: RsaPublicKey::from_public_key_pem(&pair.public_pem).unwrap() }
    })
});

fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn of_words(words: &[u64]) -> BigUint {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    BigUint::from_bytes_le(&bytes)
}

fn block(number: &BigUint) -> Block {
    let bytes = number.to_bytes_be();
    let mut block = [0; size_of::<Block>()];
    block[size_of::<Block>() - bytes.len()..].copy_from_slice(&bytes);
    block
}
