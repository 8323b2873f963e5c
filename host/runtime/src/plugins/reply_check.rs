//! The check of a plugin's answer, as a part of its call: it works on what the plugin made, and its
//! CPU time is charged to the plugin. A large answer is checked on a blocking thread and in the
//! slow lane, in turns with other heavy work, so that no short step waits for it.

use std::sync::Arc;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use tokio::time::timeout;

use crate::budget::Budget;
use flowhost_protocol::flow::Answer;
use flowhost_protocol::ids::TenantId;

/// Runs a check. Returns its result and the CPU time it took, or `None` if a large answer waited
/// for its turn longer than `patience`.
pub(super) async fn run<T: Send + 'static>(
    lane: &Arc<Budget>,
    tenant: TenantId,
    patience: Duration,
    answer: Answer,
    check: impl FnOnce(Answer) -> T + Send + 'static,
) -> Option<(T, Duration)> {
    if answer.size() <= SMALL {
        return Some(timed(|| check(answer)));
    }
    let permit = timeout(patience, lane.take(tenant, 1)).await.ok()?;
    let checked = tokio::task::spawn_blocking(move || {
        // Moved here because the check runs to its end even if the caller is gone.
        let _permit = permit;
        timed(|| check(answer))
    });
    Some(checked.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())))
}

/// Runs `work` on this thread and measures its CPU time.
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = cpu_time();
    let result = work();
    (result, cpu_time().saturating_sub(began))
}

/// The CPU time of this thread; zero on a system without such a clock.
pub(super) fn cpu_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from).unwrap_or_default()
}

/// An answer of at most this many bytes is checked in well below a millisecond. Nearly every answer
/// is that small.
const SMALL: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::telemetry::BudgetSeries;
    use flowhost_protocol::flow::RawReply;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn a_large_answer_is_checked_on_another_thread_and_a_small_one_here() {
        let lane = Budget::new(1, 10, BudgetSeries::default());
        let checked_on = async |bytes| {
            run(&lane, TenantId::new(), Duration::MAX, answer(bytes), |_| thread::current().id())
                .await
                .unwrap()
                .0
        };

        assert_eq!(checked_on(10).await, thread::current().id());
        assert_ne!(checked_on(100 << 10).await, thread::current().id());
    }

    #[tokio::test]
    async fn large_answers_wait_for_their_turn_in_the_slow_lane() {
        let lane = Budget::new(1, 10, BudgetSeries::default());
        let held = lane.take(TenantId::new(), 1).await;
        let mut large =
            Box::pin(run(&lane, TenantId::new(), Duration::MAX, answer(100 << 10), |_| ()));
        assert!(large.as_mut().now_or_never().is_none() && lane.is_wanted());

        drop(held);

        assert!(large.await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn no_answer_waits_for_its_turn_for_ever() {
        let lane = Budget::new(1, 10, BudgetSeries::default());
        let _held = lane.take(TenantId::new(), 1).await;

        let checked =
            run(&lane, TenantId::new(), Duration::from_secs(1), answer(100 << 10), |_| ()).await;

        assert!(checked.is_none() && !lane.is_wanted());
    }

    #[test]
    fn the_time_of_a_check_is_told() {
        let until = || while cpu_time() < Duration::from_millis(20) {};
        let spun = thread::spawn(move || timed(until).1).join().unwrap();
        assert!(spun >= Duration::from_millis(10), "{spun:?}");
    }

    fn answer(bytes: usize) -> Answer {
        Answer::Outcome { reply: RawReply::Complete("x".repeat(bytes)), state: None }
    }
}
