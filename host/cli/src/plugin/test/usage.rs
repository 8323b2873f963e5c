//! How much of each limit the calls of all scenarios used.

use std::time::Duration;

use super::{PlayedFile, Results};
use flowhost_devkit::scenarios::Usage;
use flowhost_protocol::flow::FlowLimits;

/// The most that any call used of one limit of its flow.
pub(super) struct Most {
    /// The limit's name for people.
    pub(super) what: &'static str,
    /// The limit's name in JSON.
    pub(super) key: &'static str,
    /// What the call used, in milliseconds or bytes.
    pub(super) used: f64,
    /// What a call may use.
    pub(super) limit: f64,
    /// Whether both are bytes.
    pub(super) bytes: bool,
    /// The name of the scenario.
    pub(super) scenario: String,
    /// The number of its step.
    pub(super) step: usize,
}

impl Most {
    /// The used share of the limit, from 0 to 1.
    pub(super) fn share(&self) -> f64 {
        if self.limit > 0.0 { self.used / self.limit } else { 0.0 }
    }
}

/// The most that was used of each limit; empty if the plugin was never called.
pub(super) fn most(results: &Results) -> Vec<Most> {
    let calls: Vec<Made<'_>> = results
        .all
        .iter()
        .flat_map(|result| {
            let steps = result.played.iter().flat_map(|played| &played.steps);
            steps.filter_map(|step| {
                Some(Made { result, step: step.number, usage: step.came.inside.as_ref()?.usage? })
            })
        })
        .collect();
    let of = |(what, key, bytes, used, limit): Measure| {
        let of_call = |made: &Made<'_>| Most {
            what,
            key,
            used: used(&made.usage),
            limit: limit(made.result.limits()),
            bytes,
            scenario: made.result.name().to_owned(),
            step: made.step,
        };
        calls.iter().map(of_call).max_by(|a, b| a.share().total_cmp(&b.share()))
    };
    MEASURES.into_iter().filter_map(of).collect()
}

/// A call that was made.
struct Made<'a> {
    result: &'a PlayedFile,
    step: usize,
    usage: Usage,
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

type Measure = (&'static str, &'static str, bool, fn(&Usage) -> f64, fn(&FlowLimits) -> f64);

const MEASURES: [Measure; 5] = [
    (
        "slowest call, CPU",
        "cpu_ms",
        false,
        |usage| ms(usage.cpu),
        |limits| f64::from(limits.cpu_ms),
    ),
    (
        "slowest call, wall",
        "wall_ms",
        false,
        |usage| ms(usage.wall),
        |limits| f64::from(limits.wall_ms),
    ),
    (
        "most memory",
        "memory_bytes",
        true,
        |usage| usage.memory_bytes as f64,
        |limits| limits.memory_bytes as f64,
    ),
    (
        "largest reply",
        "reply_bytes",
        true,
        |usage| usage.reply_bytes as f64,
        |limits| f64::from(limits.reply_bytes),
    ),
    (
        "largest state",
        "state_bytes",
        true,
        |usage| usage.state_bytes as f64,
        |limits| f64::from(limits.state_bytes),
    ),
];
