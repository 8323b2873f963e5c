//! What came back, in memory that does not grow with the number of requests.
//!
//! It is told the time, from the beginning of the run on, and has no clock of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::super::TIMEOUT;
use super::connection::{Answer, Failed, Failure};

/// A request, and when it was due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) number: usize,
    pub(super) due: Duration,
}

/// The counts, times and kept answers of a run.
pub(super) struct Tally {
    warm_up: Duration,
    expected_status: u16,
    /// Requests of the warm-up.
    pub(super) warming: u64,
    /// Requests that count.
    pub(super) counted: u64,
    pub(super) statuses: BTreeMap<u16, u64>,
    /// How often, and the first in words.
    pub(super) failures: BTreeMap<Failure, (u64, String)>,
    /// Microseconds of the answers with the expected status, and of requests that timed out.
    pub(super) latency: Histogram<u64>,
    pub(super) kept: Kept,
    ended: u64,
    failed: u64,
    ended_at_last_progress: u64,
    last_progress: Duration,
}

/// How far a run is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Since the beginning.
    pub elapsed: Duration,
    /// How long it takes in all.
    pub total: Duration,
    /// Whether what is sent now does not count.
    pub is_warm_up: bool,
    /// Requests a second that ended since the last progress.
    pub per_second: f64,
    /// The time below which 99 of 100 are, of those that count so far.
    pub p99: Duration,
    /// Requests that were not answered as expected, those of the warm-up too.
    pub failed: u64,
}

impl Tally {
    pub(super) fn new(warm_up: Duration, expected_status: u16) -> Self {
        let latency = Histogram::new_with_bounds(1, MAX_MICROSECONDS, SIGNIFICANT_DIGITS);
        Self {
            warm_up,
            expected_status,
            warming: 0,
            counted: 0,
            statuses: BTreeMap::new(),
            failures: BTreeMap::new(),
            latency: latency.expect("the bounds are valid"),
            kept: Kept::default(),
            ended: 0,
            failed: 0,
            ended_at_last_progress: 0,
            last_progress: Duration::ZERO,
        }
    }

    /// Whether the answer to a request is one to judge later.
    pub(super) fn keeps(&mut self, request: Request, status: u16) -> bool {
        let is_sealed = self.expected_status == 200 && status == 200;
        is_sealed && request.due >= self.warm_up && self.kept.wants_next()
    }

    /// Notes how a request ended, and when.
    pub(super) fn note(
        &mut self,
        request: Request,
        ended: Duration,
        result: Result<Answer, Failed>,
    ) {
        let is_expected = result.as_ref().is_ok_and(|answer| answer.status == self.expected_status);
        self.ended += 1;
        self.failed += u64::from(!is_expected);
        if request.due < self.warm_up {
            self.warming += 1;
            return;
        }
        self.counted += 1;
        let took = ended.saturating_sub(request.due);
        match result {
            Ok(answer) => {
                *self.statuses.entry(answer.status).or_default() += 1;
                if is_expected {
                    self.record(took);
                }
                if let Some(body) = answer.kept {
                    self.kept.push(KeptAnswer { request, status: answer.status, body, took });
                }
            }
            Err(failed) => {
                if failed.kind == Failure::TimedOut {
                    self.record(took.max(TIMEOUT));
                }
                self.failures.entry(failed.kind).or_insert((0, failed.why)).0 += 1;
            }
        }
    }

    pub(super) fn progress(&mut self, now: Duration, total: Duration) -> Progress {
        let since = now.saturating_sub(self.last_progress).as_secs_f64().max(f64::EPSILON);
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let per_second = (self.ended - self.ended_at_last_progress) as f64 / since;
        (self.last_progress, self.ended_at_last_progress) = (now, self.ended);
        Progress {
            elapsed: now,
            total,
            is_warm_up: now < self.warm_up,
            per_second,
            p99: Duration::from_micros(self.latency.value_at_quantile(0.99)),
            failed: self.failed,
        }
    }

    fn record(&mut self, took: Duration) {
        self.latency.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1));
    }
}

/// Answers that are spread evenly over those that count, without knowing how many will come: every
/// n-th is kept, and when there are too many, every second is dropped and n doubled.
pub(super) struct Kept {
    pub(super) answers: Vec<KeptAnswer>,
    seen: u64,
    every: u64,
}

/// An answer to judge.
pub(super) struct KeptAnswer {
    pub(super) request: Request,
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    pub(super) took: Duration,
}

impl Default for Kept {
    fn default() -> Self {
        Self { answers: Vec::new(), seen: 0, every: 1 }
    }
}

impl Kept {
    fn wants_next(&mut self) -> bool {
        self.seen += 1;
        (self.seen - 1).is_multiple_of(self.every)
    }

    fn push(&mut self, answer: KeptAnswer) {
        if self.answers.len() == MAX_KEPT {
            let mut number = 0;
            self.answers.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.every *= 2;
        }
        self.answers.push(answer);
    }
}

/// Answers that are kept at the same time, of 1 MiB at the most each.
const MAX_KEPT: usize = 128;

/// A minute. Past its time-out of 10 s no request is waited for.
const MAX_MICROSECONDS: u64 = 60_000_000;

/// Times are exact to one in a thousand.
const SIGNIFICANT_DIGITS: u8 = 3;

#[cfg(test)]
mod tests {
    use super::super::schedule::Schedule;
    use super::*;

    /// One connection; the endpoint answers in 1 ms, but stalls for a second at request 50. A
    /// hundred requests a second are due meanwhile, and each is as late as its user finds it.
    #[test]
    fn a_stall_delays_all_requests_that_were_due_meanwhile() {
        let schedule = Schedule::new(100.0, Duration::from_secs(10));
        let (mut open, mut from_sending) =
            (Tally::new(Duration::ZERO, 200), Tally::new(Duration::ZERO, 200));
        let mut free = Duration::ZERO;

        for number in 0..schedule.requests() {
            let due = schedule.due(number);
            let sent = due.max(free);
            free = sent + if number == 50 { SECOND } else { MILLISECOND };
            open.note(Request { number, due }, free, answered(200));
            from_sending.note(Request { number, due: sent }, free, answered(200));
        }

        let late = |tally: &Tally| tally.latency.count_between(100_000, MAX_MICROSECONDS);
        assert_eq!(late(&from_sending), 1, "this is what coordinated omission leaves out");
        // Each of them makes up 9 ms of the stall: (1000 - 100) / 9.
        assert_eq!(late(&open), 101);
        assert_eq!(open.latency.value_at_quantile(0.5), 1_000);
        assert!(open.latency.value_at_quantile(0.99) >= 899_000);
    }

    #[test]
    fn the_warm_up_counts_for_nothing_but_its_number() {
        let mut tally = Tally::new(SECOND, 200);

        tally.note(Request { number: 0, due: MILLISECOND }, 2 * SECOND, answered(500));
        tally.note(Request { number: 1, due: SECOND }, SECOND + MILLISECOND, answered(200));

        assert_eq!((tally.warming, tally.counted), (1, 1));
        assert_eq!(tally.statuses, BTreeMap::from([(200, 1)]));
        assert_eq!(tally.latency.max(), 1_000);
    }

    #[test]
    fn a_quick_refusal_improves_no_latency_and_a_timeout_spoils_it() {
        let mut tally = Tally::new(Duration::ZERO, 200);
        let request = Request { number: 0, due: Duration::ZERO };

        tally.note(request, MILLISECOND, answered(429));
        assert_eq!(tally.latency.len(), 0);
        tally.note(request, 20 * SECOND, Err(Failed::timed_out()));

        assert_eq!(tally.latency.len(), 1);
        assert!(tally.latency.min() >= 19_000_000);
        assert_eq!(tally.failures[&Failure::TimedOut].0, 1);
    }

    #[test]
    fn kept_answers_are_spread_over_all_and_bounded() {
        let mut tally = Tally::new(Duration::ZERO, 200);
        for number in 0..100_000 {
            let request = Request { number, due: Duration::ZERO };
            let kept = tally.keeps(request, 200).then(Vec::new);
            tally.note(request, MILLISECOND, Ok(Answer { status: 200, kept }));
        }

        let numbers: Vec<_> =
            tally.kept.answers.iter().map(|answer| answer.request.number).collect();
        assert!((MAX_KEPT / 2..=MAX_KEPT).contains(&numbers.len()), "{numbers:?}");
        assert_eq!(numbers[0], 0);
        assert!(numbers.windows(2).all(|pair| pair[1] - pair[0] == 1_024), "{numbers:?}");
    }

    #[test]
    fn progress_is_of_what_ended_since_the_last_one() {
        let mut tally = Tally::new(Duration::ZERO, 200);
        let request = Request { number: 0, due: Duration::ZERO };
        for _ in 0..10 {
            tally.note(request, MILLISECOND, answered(200));
        }

        assert_eq!(tally.progress(2 * SECOND, 9 * SECOND).per_second, 5.0);
        tally.note(request, MILLISECOND, answered(503));
        let next = tally.progress(3 * SECOND, 9 * SECOND);
        assert_eq!((next.per_second, next.failed, next.is_warm_up), (1.0, 1, false));
    }

    fn answered(status: u16) -> Result<Answer, Failed> {
        Ok(Answer { status, kept: None })
    }

    const SECOND: Duration = Duration::from_secs(1);
    const MILLISECOND: Duration = Duration::from_millis(1);
}
