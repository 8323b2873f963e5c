//! CPU time of one call, measured as the time that its future is being polled.
//!
//! Wall time would charge a guest for waiting; wasmtime's epochs do count it, so they only serve as a regular chance to look at this
//! clock.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// How much CPU time a call has used and may use.
#[derive(Debug)]
pub(super) struct CpuClock {
    budget: Duration,
    began: Instant,
    used_ns: AtomicU64,
    /// When the poll under way began, in nanoseconds since `began`, plus one; 0 between polls.
    polling_since: AtomicU64,
}

impl CpuClock {
    /// A clock that has used nothing of `budget`.
    pub(super) fn new(budget: Duration) -> Arc<Self> {
        Arc::new(Self { budget, began: Instant::now(), used_ns: AtomicU64::new(0), polling_since: AtomicU64::new(0) })
    }

    /// CPU time used so far, the poll under way included.
    pub(super) fn used(&self) -> Duration {
        let running = match self.polling_since.load(Ordering::Relaxed) {
            0 => 0,
            since => self.now().saturating_sub(since),
        };
        Duration::from_nanos(self.used_ns.load(Ordering::Relaxed) + running)
    }

    /// Whether the budget is used up.
    pub(super) fn exhausted(&self) -> bool {
        self.used() > self.budget
    }

    /// Runs a future on this clock.
    pub(super) fn meter<F: Future>(self: Arc<Self>, future: F) -> impl Future<Output = F::Output> {
        Metered { clock: self, future: Box::pin(future) }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX - 1) + 1
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
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_costs_nothing_and_working_does() {
        let clock = CpuClock::new(Duration::from_millis(40));
        clock.clone().meter(tokio::time::sleep(Duration::from_millis(80))).await;
        assert!(!clock.exhausted(), "waiting was charged: {:?}", clock.used());

        let spinning = clock.clone();
        clock.clone().meter(async move { while !spinning.exhausted() {} }).await;
        assert!(clock.used() > Duration::from_millis(40));
    }
}
