//! What a run showed.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::super::judgement::{Judgement, Problem};
use super::super::{Phone, RawReply};
use super::connection::Failure;
use super::tally::{Kept, KeptAnswer, Tally};
use super::{Pace, Plan, Prepared};

/// The result of a run. Its JSON is what `flowhost client load --json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// An open loop's requests a second; `None` for a closed loop.
    pub rate: Option<f64>,
    /// The connections.
    pub connections: usize,
    /// How many requests were prepared.
    pub prepared: usize,
    /// Requests of the warm-up. They count for nothing below.
    pub warm_up: u64,
    /// Requests that count: those due in the measured time.
    pub counted: u64,
    /// The measured time in seconds.
    pub measured_s: f64,
    /// Whether the prepared requests were used up, and the run stopped before its time.
    pub ran_out: bool,
    /// The status that an answer should have.
    pub expected_status: u16,
    /// How many answers had it.
    pub expected: u64,
    /// The same in each second.
    pub per_second: f64,
    /// How many answers had which status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without an answer.
    pub failures: Vec<Failures>,
    /// Times of the answers with the expected status, and of requests that timed out; `None` if
    /// there are none.
    pub latency_ms: Option<Latency>,
    /// The answers that were opened.
    pub sample: Sample,
}

/// Requests that ended in the same way without an answer.
#[derive(Clone, Debug, Serialize)]
pub struct Failures {
    /// How they ended.
    pub kind: Failure,
    /// How many.
    pub count: u64,
    /// The first one in words.
    pub first: String,
}

/// Milliseconds: percentiles of an HDR histogram, exact to one in a thousand.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Latency {
    pub min: f64,
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p99_9: f64,
    pub max: f64,
}

/// Answers that were opened and judged after the measured time, spread evenly over it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sample {
    /// How many were opened.
    pub judged: usize,
    /// How many of them a phone could not use.
    pub wrong: usize,
    /// Why, for the first few. They may quote the answer, which is untrusted text.
    pub problems: Vec<String>,
}

impl Report {
    pub(super) fn of(
        phone: &Phone,
        plan: &Plan,
        prepared: &Prepared,
        tally: Tally,
        exhausted_after: Option<Duration>,
    ) -> Self {
        let end = exhausted_after.unwrap_or(plan.total());
        let measured_s = end.saturating_sub(plan.warm_up).as_secs_f64();
        let expected_status = prepared.expected_status();
        let expected = tally.statuses.get(&expected_status).copied().unwrap_or(0);
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let per_second = if measured_s > 0.0 { expected as f64 / measured_s } else { 0.0 };
        let failures = tally.failures.into_iter();
        Self {
            rate: match plan.pace {
                Pace::Closed => None,
                Pace::Open { per_second } => Some(per_second),
            },
            connections: plan.connections.get(),
            prepared: prepared.count(),
            warm_up: tally.warming,
            counted: tally.counted,
            measured_s,
            ran_out: exhausted_after.is_some(),
            expected_status,
            expected,
            per_second,
            statuses: tally.statuses,
            failures: failures
                .map(|(kind, (count, first))| Failures { kind, count, first })
                .collect(),
            latency_ms: Latency::of(&tally.latency),
            sample: Sample::of(phone, prepared, tally.kept),
        }
    }

    /// Whether every request was answered as expected, and each opened answer was right.
    pub fn is_clean(&self) -> bool {
        self.counted > 0 && self.expected == self.counted && self.sample.wrong == 0
    }
}

impl Latency {
    fn of(microseconds: &Histogram<u64>) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "none is longer than a minute")]
        let milliseconds = |microseconds: u64| microseconds as f64 / 1_000.0;
        let at = |quantile| milliseconds(microseconds.value_at_quantile(quantile));
        (!microseconds.is_empty()).then(|| Self {
            min: milliseconds(microseconds.min()),
            mean: (microseconds.mean() / 10.0).round() / 100.0,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            max: milliseconds(microseconds.max()),
        })
    }
}

impl Sample {
    fn of(phone: &Phone, prepared: &Prepared, kept: Kept) -> Self {
        let mut sample = Self { judged: kept.answers.len(), ..Self::default() };
        for answer in kept.answers {
            let judgement = judge(phone, prepared, answer);
            if judgement.is_failure() {
                sample.wrong += 1;
                sample.problems.extend(judgement.problems.iter().map(Problem::line));
                sample.problems.truncate(MAX_PROBLEMS);
            }
        }
        sample
    }
}

fn judge(phone: &Phone, prepared: &Prepared, answer: KeptAnswer) -> Judgement {
    let KeptAnswer { request, status, body, took } = answer;
    let raw = RawReply { status, body, retry_after: None, hint: None, duration: took };
    let payload = prepared.payload(phone, request.number);
    let sealed = &prepared.requests[request.number];
    Judgement::of(&payload, sealed, &raw, 0, phone.flow_json()).0
}

/// Problems that are shown. The same mistake is usually in all answers.
const MAX_PROBLEMS: usize = 5;
