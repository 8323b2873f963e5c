//! An open loop's schedule.

use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::LoadError;

/// Requests at even distances. When one is due does not depend on what became of those before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    per_second: f64,
    requests: usize,
}

impl Schedule {
    pub(super) fn new(per_second: f64, total: Duration) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast from a float saturates"
        )]
        let requests = (per_second * total.as_secs_f64()).ceil() as usize;
        Self { per_second, requests }
    }

    pub(super) fn requests(&self) -> usize {
        self.requests
    }

    /// When a request is due, from the beginning on.
    pub(super) fn due(&self, number: usize) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "no run has 2^52 requests")]
        let seconds = number as f64 / self.per_second;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

/// Gives out the numbers of the requests when they are due, until nobody takes them any more. A
/// thread of its own does it, because the runtime's timers fire up to a millisecond late, which is
/// as long as an answer may take.
pub(super) fn pace(
    schedule: Schedule,
    began: Instant,
) -> Result<(Schedule, UnboundedReceiver<usize>), LoadError> {
    let (due, numbers) = unbounded_channel();
    let give_out = move || {
        for number in 0..schedule.requests() {
            let early = schedule.due(number).saturating_sub(began.elapsed());
            if !early.is_zero() {
                thread::sleep(early);
            }
            if due.send(number).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("pacer".to_owned()).spawn(give_out).map_err(LoadError::Machine)?;
    Ok((schedule, numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_due_at_even_distances() {
        let schedule = Schedule::new(400.0, Duration::from_millis(2_500));

        assert_eq!(schedule.requests(), 1_000);
        assert_eq!(schedule.due(0), Duration::ZERO);
        assert_eq!(schedule.due(1), Duration::from_micros(2_500));
        assert_eq!(schedule.due(999), Duration::from_micros(2_497_500));
    }

    #[test]
    fn a_rate_below_one_a_second_has_its_first_request_at_once() {
        let schedule = Schedule::new(0.1, Duration::from_secs(5));

        assert_eq!((schedule.requests(), schedule.due(0)), (1, Duration::ZERO));
    }
}
