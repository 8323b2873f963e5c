//! CPU time of one call: what the thread that polls its future uses meanwhile.
//!
//! Wall time would charge a guest for waiting, and for the time that other programs take from a
//! poll on a busy machine. wasmtime's epochs count that time too, so they only serve as regular
//! occasions to read this clock.
//!
//! At each tick a guest yields. A call that has used more than [`FAST`] continues in the slow lane:
//! the calls there take turns, tenant by tenant, and each turn comes only after everything else
//! that was ready. Without the lane, each of them would take a tick between any two steps of every
//! other call: beside 16 guests that compute, an exchange of 6 ms took 28 ms, and its p99 was eight
//! times as long.

use std::future::Future;
use std::num::NonZero;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::budget::{Budget, Claim};
use crate::telemetry::BudgetSeries;
use flowhost_protocol::ids::TenantId;

/// How much CPU time a call has used and may use.
#[derive(Debug)]
pub(super) struct CpuClock {
    budget: Duration,
    began: Instant,
    used_ns: AtomicU64,
    /// The thread's CPU time when the current poll began, in nanoseconds plus one; 0 between polls.
    polling_since: AtomicU64,
    /// The slow lane's slot with which the current poll runs.
    slow: Mutex<Option<Claim>>,
}

impl CpuClock {
    /// A clock that has used nothing of `budget`.
    pub(super) fn new(budget: Duration) -> Arc<Self> {
        Arc::new(Self {
            budget,
            began: Instant::now(),
            used_ns: AtomicU64::new(0),
            polling_since: AtomicU64::new(0),
            slow: Mutex::default(),
        })
    }

    /// CPU time used so far, the current poll included. Must be called by the thread that polls, or
    /// between polls.
    pub(super) fn used(&self) -> Duration {
        let running = match self.polling_since.load(Ordering::Relaxed) {
            0 => 0,
            since => self.now().saturating_sub(since),
        };
        Duration::from_nanos(self.used_ns.load(Ordering::Relaxed) + running)
    }

    pub(super) fn exhausted(&self) -> bool {
        self.used() > self.budget
    }

    /// Yields to everything that is ready. A call that has used more than [`FAST`] also takes turns
    /// with the others in the slow lane.
    pub(super) async fn yield_fairly(&self, lane: &Arc<Budget>, tenant: TenantId) {
        let place = if self.used() > FAST { lane.take(tenant, 1).await } else { None };
        if place.is_some() && lane.is_wanted() {
            sleep(PAUSE).await;
        }
        // tokio's own yield goes to the back of the queue, behind what the network brought;
        // wasmtime's yield would be polled again at once. The slot is taken before the yield:
        // otherwise calls in the lane would follow each other without a look at the network.
        yield_now().await;
        *self.slow.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }

    /// Runs a future on this clock.
    pub(super) fn meter<F: Future>(self: Arc<Self>, future: F) -> impl Future<Output = F::Output> {
        Metered { clock: self, future: Box::pin(future) }
    }

    fn now(&self) -> u64 {
        let of_thread = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from);
        // A system without such a clock charges for other programs' time too.
        let time = of_thread.unwrap_or_else(|_| self.began.elapsed());
        u64::try_from(time.as_nanos()).unwrap_or(u64::MAX - 1) + 1
    }
}

struct Metered<F> {
    clock: Arc<CpuClock>,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let since = self.clock.now();
        self.clock.polling_since.store(since, Ordering::Relaxed);
        let result = self.future.as_mut().poll(context);
        self.clock.used_ns.fetch_add(self.clock.now().saturating_sub(since), Ordering::Relaxed);
        self.clock.polling_since.store(0, Ordering::Relaxed);
        // Whatever the call waits for now, it is not the processor.
        drop(self.clock.slow.lock().unwrap_or_else(PoisonError::into_inner).take());
        result
    }
}

/// The slow lane: how many calls that have used more than [`FAST`] run at the same time. One core
/// stays for those that have not.
pub(super) fn slow_lane(series: BudgetSeries) -> Arc<Budget> {
    let cores = available_parallelism().map_or(1, NonZero::get);
    Budget::new((cores as u64 - 1).max(1), usize::MAX, series)
}

/// The lane's pause before each turn when more than one call wants it: at least half of a core
/// stays for calls that compute little. A call that is alone there runs without pauses. The pause
/// costs heavy plugins half of their speed, and pays on a busy machine: with other builds running,
/// `tests/benches/fairness.rs` had a ratio of 1.4 with it and 4.8 without (1.3 either way on a
/// quiet machine).
const PAUSE: Duration = Duration::from_millis(1);

/// Two ticks: most honest calls end before. With more, many calls that each compute a little would
/// bypass the lane.
const FAST: Duration = Duration::from_millis(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_costs_nothing_and_working_does() {
        let clock = CpuClock::new(Duration::from_millis(40));
        clock.clone().meter(sleep(Duration::from_millis(80))).await;
        assert!(!clock.exhausted(), "waiting was charged: {:?}", clock.used());

        let spinning = clock.clone();
        clock.clone().meter(async move { while !spinning.exhausted() {} }).await;
        assert!(clock.used() > Duration::from_millis(40));
    }

    #[tokio::test]
    async fn a_short_call_waits_behind_one_long_call_not_behind_all() {
        let (lane, ticks) =
            (Budget::new(1, usize::MAX, BudgetSeries::default()), Arc::new(AtomicU64::new(0)));
        let greedy = TenantId::new();
        let spinners: Vec<_> = (0..16).map(|_| spin(&lane, greedy, FAST * 2, &ticks)).collect();

        let steps = tokio::spawn(async {
            for _ in 0..STEPS {
                yield_now().await;
            }
        });
        steps.await.unwrap();

        let between = ticks.load(Ordering::Relaxed);
        assert!(between <= STEPS + 16, "{between} ticks between {STEPS} steps");
        while ticks.load(Ordering::Relaxed) == between {
            yield_now().await;
        }
        spinners.into_iter().for_each(|spinner| spinner.abort());
    }

    #[tokio::test]
    async fn tenants_in_the_slow_lane_have_as_many_turns_whatever_they_have_there() {
        let lane = Budget::new(1, usize::MAX, BudgetSeries::default());
        let (many, one) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let greedy = TenantId::new();
        let mut spinners: Vec<_> = (0..16).map(|_| spin(&lane, greedy, FAST * 2, &many)).collect();
        spinners.push(spin(&lane, TenantId::new(), FAST * 2, &one));

        while one.load(Ordering::Relaxed) < STEPS {
            yield_now().await;
        }

        let of_many = many.load(Ordering::Relaxed);
        assert!(of_many <= STEPS + 16, "{of_many} turns against {STEPS}");
        spinners.into_iter().for_each(|spinner| spinner.abort());
    }

    /// A call that has used `used` and computes for ever, tick by tick.
    fn spin(
        lane: &Arc<Budget>,
        tenant: TenantId,
        used: Duration,
        ticks: &Arc<AtomicU64>,
    ) -> tokio::task::JoinHandle<()> {
        let (clock, lane, ticks) = (CpuClock::new(Duration::MAX), lane.clone(), ticks.clone());
        clock.used_ns.store(used.as_nanos() as u64, Ordering::Relaxed);
        tokio::spawn(clock.clone().meter(async move {
            loop {
                clock.yield_fairly(&lane, tenant).await;
                ticks.fetch_add(1, Ordering::Relaxed);
            }
        }))
    }

    const STEPS: u64 = 100;
}
