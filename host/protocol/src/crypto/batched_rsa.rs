//! An engine that computes several RSA operations at once when several are there.
//!
//! A batch is no faster for one request, it is cheaper for many. So nobody waits for others to
//! come: a request that finds the engine at rest is decrypted alone, at once. One that comes while
//! there is work joins those that wait and lets its thread go on once round; what became ready
//! meanwhile joins too. Whose turn comes first then computes for all that are there, or for itself
//! alone if they are too few. The eighth doesn't wait, it computes at once.
//!
//! Nobody depends on anybody else's task: each one that waits is about to be polled, and a batch is
//! computed within one poll, which nobody can drop. A request whose future is dropped takes its
//! place with it. One whose batch came to nothing decrypts alone.
//!
//! Those that wait are of any tenants, and go in the order in which they came. They are fewer than
//! eight at any time, so a flood puts at most one batch before anybody.

#[cfg(test)]
mod tests;
mod trial;

use std::array;
use std::future::poll_fn;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::oaep::{Block, decode_oaep};
use super::rsa_key::{Decrypted, Decryption, PrivateKey, RsaEngine, decrypt_oaep};
use super::rsa_lanes::{LANES, LaneKey, RsaLanes};

pub use self::trial::Unfit;

/// Decrypts in batches of up to eight when it is worth it, else with aws-lc-rs, one by one.
pub struct BatchedRsa {
    lanes: Box<dyn RsaLanes>,
    pace: Pace,
    state: Mutex<State>,
    /// Told once, when a result was wrong.
    on_fault: Box<dyn Fn() + Send + Sync>,
}

/// When batches are worth it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The least operations that are computed at once. Fewer take less time one by one.
    pub least: usize,
    /// The engine is at rest if it has begun nothing for this long.
    pub rest: Duration,
}

struct State {
    /// Fewer than [`LANES`] whenever nobody holds the lock.
    waiting: Vec<Job>,
    next_number: u64,
    /// When an operation was begun last.
    begun: Instant,
    /// Whether a result was wrong. Then lanes are not used again.
    faulty: bool,
}

struct Job {
    number: u64,
    key: Arc<LaneKey>,
    wrapped: Box<Block>,
    answer: oneshot::Sender<Decrypted>,
}

/// A place among those that wait. Dropped, it is free again.
struct Place<'a> {
    engine: &'a BatchedRsa,
    number: u64,
    answer: oneshot::Receiver<Decrypted>,
}

/// What a request is to do.
enum Turn<'a> {
    /// Decrypt alone.
    Alone,
    /// Compute these, of which it is one.
    Batch(Vec<Job>, Place<'a>),
    /// Let others run, then look again.
    Wait(Place<'a>),
    /// Nothing: another one computes for it.
    Computed(Place<'a>),
}

impl BatchedRsa {
    /// An engine that batches at this pace. See [`BatchedRsa::tried`], which measures it.
    pub fn at_pace(
        lanes: Box<dyn RsaLanes>,
        pace: Pace,
        on_fault: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let state =
            State { waiting: Vec::new(), next_number: 0, begun: Instant::now(), faulty: false };
        Self { lanes, pace, state: Mutex::new(state), on_fault: Box::new(on_fault) }
    }

    /// When this engine batches.
    pub fn pace(&self) -> Pace {
        self.pace
    }

    async fn decrypt_together(&self, key: &Arc<LaneKey>, wrapped: &Block) -> Option<Decrypted> {
        let mut turn = self.join(key, wrapped);
        if let Turn::Wait(place) = turn {
            let_others_run().await;
            turn = self.turn_of(place);
        }
        let place = match turn {
            Turn::Batch(jobs, place) => {
                self.compute(jobs);
                place
            }
            Turn::Computed(place) => place,
            Turn::Alone | Turn::Wait(_) => return None,
        };
        place.answered().await
    }

    fn join(&self, key: &Arc<LaneKey>, wrapped: &Block) -> Turn<'_> {
        let mut state = self.state();
        let now = Instant::now();
        let resting = now.saturating_duration_since(state.begun) >= self.pace.rest;
        if state.faulty || (resting && state.waiting.is_empty()) {
            state.begun = now;
            return Turn::Alone;
        }
        let (sender, answer) = oneshot::channel();
        let number = state.next_number;
        state.next_number += 1;
        state.waiting.push(Job {
            number,
            key: key.clone(),
            wrapped: Box::new(*wrapped),
            answer: sender,
        });
        let place = Place { engine: self, number, answer };
        if state.waiting.len() < LANES {
            return Turn::Wait(place);
        }
        state.begun = now;
        Turn::Batch(mem::take(&mut state.waiting), place)
    }

    /// What one that waited is to do, after others have run.
    fn turn_of<'a>(&self, place: Place<'a>) -> Turn<'a> {
        let mut state = self.state();
        let Some(at) = state.waiting.iter().position(|job| job.number == place.number) else {
            return Turn::Computed(place);
        };
        state.begun = Instant::now();
        if state.faulty || state.waiting.len() < self.pace.least {
            state.waiting.remove(at);
            return Turn::Alone;
        }
        Turn::Batch(mem::take(&mut state.waiting), place)
    }

    /// Computes all of them and answers each. Those that are not answered, because their result was
    /// wrong, are decrypted again alone.
    fn compute(&self, jobs: Vec<Job>) {
        let Some(first) = jobs.first() else { return };
        // What is left of the lanes repeats the first.
        let lane = |lane| jobs.get(lane).unwrap_or(first);
        let keys: [&LaneKey; LANES] = array::from_fn(|at| &*lane(at).key);
        let wrapped: [Block; LANES] = array::from_fn(|at| *lane(at).wrapped);
        let mut blocks = Zeroizing::new([[0; size_of::<Block>()]; LANES]);
        let mut again = [[0; size_of::<Block>()]; LANES];
        let computed = self.lanes.private(keys, &wrapped, &mut blocks);
        let checked = self.lanes.public(keys, &blocks, &mut again);
        let mut wrong = false;
        for (lane, job) in jobs.into_iter().enumerate() {
            // One wrong result, shown to anybody, gives the key's primes away (Boneh, DeMillo,
            // Lipton): nothing looks at a block before this.
            if computed[lane] && checked[lane] && again[lane] == wrapped[lane] {
                // An error means that nobody waits any more.
                drop(job.answer.send(decode_oaep(&blocks[lane])));
            } else {
                wrong = true;
            }
        }
        if wrong && !mem::replace(&mut self.state().faulty, true) {
            (self.on_fault)();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RsaEngine for BatchedRsa {
    fn decrypt<'a>(&'a self, key: &'a PrivateKey, wrapped: &'a [u8]) -> Decryption<'a> {
        Box::pin(async move {
            if let Some(numbers) = key.numbers()
                && let Ok(block) = wrapped.try_into()
                && numbers.admits(block)
                && let Some(decrypted) = self.decrypt_together(numbers, block).await
            {
                return decrypted;
            }
            decrypt_oaep(key, wrapped)
        })
    }
}

impl Place<'_> {
    /// `None` if the batch came to nothing.
    async fn answered(mut self) -> Option<Decrypted> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.engine.state().waiting.retain(|job| job.number != self.number);
    }
}

/// Goes to the end of this thread's queue, once. Not tokio's `yield_now`, which lets a task wait
/// until its thread has nothing else to do: beside plugins that compute, that is a long time.
async fn let_others_run() {
    let mut ran = false;
    poll_fn(|context| {
        if mem::replace(&mut ran, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
